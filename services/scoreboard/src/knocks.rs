//! What the proxies tell of the knock-up: the newest row of each, wherever it was heard.
//!
//! A proxy that cannot be asked, since the way to it is the broken one, is still heard of through
//! others: each passes on the rows of those it knocks at.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use court::knock::{Cause, Report, Row};
use court::path::Knocks as Told;
use court::task::Name;
use tokio::time::Instant;

use crate::FORGOTTEN_AFTER;
use crate::paths::milliseconds;

/// The most proxies whose row is kept; each takes 2 KB.
const MOST: usize = 512;

/// The most pairs that are kept of a row; a proxy has 16.
const MOST_PAIRS: usize = 32;

/// After what time without its row a proxy is asked for through the others.
const MISSED_AFTER: Duration = Duration::from_millis(2500);

/// The most proxies that are asked for through another.
const MOST_MISSED: usize = 16;

/// After what time without a word of it nobody can say any more how a path is.
const STALE_AFTER: Duration = Duration::from_secs(10);

/// Keeps each proxy's newest row by its node.
#[derive(Debug, Default)]
pub(crate) struct Knocks(HashMap<Name, (Instant, Row)>);

/// Tells what a node's proxy says of its way to another.
#[derive(Debug)]
pub(crate) struct Knocked {
    pub(crate) from: Name,
    pub(crate) to: Name,
    pub(crate) knocks: Told,
    /// Why it is broken, if it is.
    pub(crate) cause: Option<Cause>,
    /// Whether this is so old that nobody can say any more.
    pub(crate) stale: bool,
}

/// Tells how many nodes there are, and how many of their pairs are measured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Coverage {
    pub(crate) nodes: usize,
    pub(crate) pairs: usize,
    pub(crate) measured: usize,
}

impl Knocks {
    /// Takes in what a proxy tells of itself and others.
    pub(crate) fn hear(&mut self, report: Report) {
        let now = Instant::now();
        for told in report.rows {
            let age = Duration::from_millis(told.age);
            let Some(when) = now.checked_sub(age).filter(|_| age < FORGOTTEN_AFTER) else {
                continue;
            };
            let node = told.row.proxy.node.clone();
            let full = self.0.len() >= MOST && !self.0.contains_key(&node);
            if !full && self.0.get(&node).is_none_or(|(before, _)| *before < when) {
                let mut row = told.row;
                row.pairs.truncate(MOST_PAIRS);
                self.0.insert(node, (when, row));
            }
        }
    }

    /// Names all nodes that proxies have lately told of.
    fn nodes(&self) -> BTreeSet<&Name> {
        let addresses = self.addresses();
        let mut nodes = BTreeSet::new();
        for (node, (when, row)) in &self.0 {
            if when.elapsed() < STALE_AFTER {
                nodes.insert(node);
                let to = row.pairs.iter().map(|pair| &pair.to);
                nodes.extend(to.map(|to| addresses.get(to).copied().unwrap_or(to)));
            }
        }
        nodes
    }

    /// Names the proxies that have not been heard for a moment, to be asked for elsewhere.
    pub(crate) fn missed(&self) -> Vec<Name> {
        let heard = |node: &Name| self.0.get(node).map(|(when, _)| when.elapsed());
        let missed = |node: &&Name| heard(node).is_none_or(|age| age >= MISSED_AFTER);
        self.nodes().into_iter().filter(missed).take(MOST_MISSED).cloned().collect()
    }

    /// Returns the nodes by what they go by where their proxies have never answered: the address.
    fn addresses(&self) -> HashMap<Name, &Name> {
        let at = |(node, (_, row)): (_, &(Instant, Row))| {
            row.at.map(|at| (Name::from_any(&at.to_string()), node))
        };
        self.0.iter().filter_map(at).collect()
    }

    /// Tells each pair that was told of in the last minute.
    pub(crate) fn tell(&mut self) -> Vec<Knocked> {
        self.0.retain(|_, (when, _)| when.elapsed() < FORGOTTEN_AFTER);
        let addresses = self.addresses();
        let mut told = Vec::new();
        for (from, (when, row)) in &self.0 {
            let stale = when.elapsed() >= STALE_AFTER;
            told.extend(row.pairs.iter().map(|pair| Knocked {
                from: from.clone(),
                to: (*addresses.get(&pair.to).unwrap_or(&&pair.to)).clone(),
                knocks: Told {
                    median: pair.median.map(milliseconds),
                    p99: pair.p99.map(milliseconds),
                    count: pair.knocks,
                    failures: pair.failures,
                },
                cause: pair.cause.filter(|_| !stale),
                stale,
            }));
        }
        told
    }

    /// Tells how many nodes there are, and how many of their pairs are measured.
    pub(crate) fn coverage(&self) -> Coverage {
        let nodes = self.nodes().len();
        let fresh = self.0.values().filter(|(when, _)| when.elapsed() < STALE_AFTER);
        let measured = fresh.map(|(_, row)| row.pairs.len()).sum();
        Coverage { nodes, pairs: nodes * nodes.saturating_sub(1), measured }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use court::knock::{Aged, Pair};
    use tokio::time::advance;

    use super::*;

    /// A row of a node's proxy: to whom, and why it is broken.
    pub(crate) fn row(from: &str, pairs: &[(&str, Option<Cause>)]) -> Row {
        let pair = |(to, cause): &(&str, Option<Cause>)| Pair {
            to: to.parse().expect("a name"),
            cause: *cause,
            median: Some(300),
            p99: Some(900),
            knocks: 32,
            failures: 3 * u32::from(cause.is_some()),
        };
        Row {
            proxy: format!("proxy.{from}@{from}").parse().expect("a task"),
            at: Some(([10, 0, 9, from.as_bytes()[2]], 3001).into()),
            pairs: pairs.iter().map(pair).collect(),
        }
    }

    pub(crate) fn report(rows: impl IntoIterator<Item = (u64, Row)>) -> Report {
        Report { rows: rows.into_iter().map(|(age, row)| Aged { age, row }).collect() }
    }

    /// The pairs told, with why they are broken.
    fn told(knocks: &mut Knocks) -> Vec<(String, Option<Cause>)> {
        let told = knocks.tell().into_iter();
        let mut told: Vec<_> =
            told.map(|told| (format!("{}>{}", told.from, told.to), told.cause)).collect();
        told.sort_by(|one, other| one.0.cmp(&other.0));
        told
    }

    #[tokio::test(start_paused = true)]
    async fn the_newest_row_counts_whoever_brings_it() {
        let mut knocks = Knocks::default();
        advance(Duration::from_secs(100)).await;
        let broken = Some(Cause::Timeout);
        knocks.hear(report([(0, row("pi1", &[("pi2", None)]))]));
        advance(Duration::from_secs(3)).await;
        knocks.hear(report([(5000, row("pi1", &[("pi2", broken)]))]));
        assert_eq!(told(&mut knocks), [("pi1>pi2".to_owned(), None)], "older than what is known");
        knocks.hear(report([(1000, row("pi1", &[("pi2", broken)]))]));
        assert_eq!(told(&mut knocks), [("pi1>pi2".to_owned(), broken)]);
        knocks.hear(report([(u64::MAX, row("pi9", &[("pi2", broken)]))]));
        assert_eq!(told(&mut knocks).len(), 1, "older than anything is remembered");
    }

    #[tokio::test(start_paused = true)]
    async fn a_proxy_that_cannot_be_asked_is_asked_for() {
        let mut knocks = Knocks::default();
        knocks.hear(report([(0, row("pi1", &[("pi2", None), ("pi3", None)]))]));
        assert_eq!(knocks.missed(), ["pi2", "pi3"].map(Name::from_any));
        knocks.hear(report([(0, row("pi2", &[])), (1000, row("pi3", &[]))]));
        assert_eq!(knocks.missed(), []);
        advance(Duration::from_secs(2)).await;
        assert_eq!(knocks.missed(), [Name::from_any("pi3")]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_never_answered_is_named_by_who_says_it_is_there() {
        let mut knocks = Knocks::default();
        let broken = Some(Cause::Timeout);
        knocks.hear(report([(0, row("pi1", &[("10.0.9.50-3001", broken)]))]));
        assert_eq!(told(&mut knocks), [("pi1>10.0.9.50-3001".to_owned(), broken)]);
        knocks.hear(report([(0, row("pi2", &[]))]));
        assert_eq!(told(&mut knocks), [("pi1>pi2".to_owned(), broken)], "'2' is 50");
        let coverage = Coverage { nodes: 2, pairs: 2, measured: 1 };
        assert_eq!(knocks.coverage(), coverage);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_not_heard_of_for_a_minute_is_forgotten() {
        let mut knocks = Knocks::default();
        knocks.hear(report([(0, row("pi1", &[("pi2", None)]))]));
        advance(STALE_AFTER).await;
        assert_eq!(knocks.coverage(), Coverage::default());
        assert!(knocks.tell()[0].stale);
        advance(FORGOTTEN_AFTER).await;
        assert_eq!(told(&mut knocks), []);
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut knocks = Knocks::default();
        let many: Vec<String> = (0..1000).map(|n| format!("pi{n}")).collect();
        let others: Vec<String> = (0..MOST_MISSED * 2).map(|n| format!("other{n}")).collect();
        let pairs: Vec<_> = others.iter().map(|to| (to.as_str(), None)).collect();
        for from in &many {
            knocks.hear(report([(0, row(from, &pairs))]));
        }
        assert_eq!(knocks.0.len(), MOST);
        assert_eq!(knocks.tell().len(), MOST * MOST_PAIRS);
        assert_eq!(knocks.missed().len(), MOST_MISSED);
    }
}
