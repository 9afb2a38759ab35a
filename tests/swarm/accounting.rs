//! Whether the clients and the managers counted the same.
//!
//! They do, to the last stroke, for every manager that runs on or stopped in order. Where a process
//! was killed, each rally that no client got is looked up in the manager's log and attributed to the
//! killed process that lost it. A manager that was too slow has abandoned what its proxy left behind.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::{Duration, SystemTime};

use game::{Score, Verdict};
use serde::Deserialize;
use tokio::time::{Instant, interval};

use crate::counters::{Counters, Totals, ZERO, counters, growth, totals};
use crate::ledger::{Entry, Ledger};
use crate::load::Record;
use crate::swarm::Engine;

/// How long counters may lag behind: managers publish them twenty times a second.
const LAG: Duration = Duration::from_secs(3);

/// How many rallies of a manager may be left behind in a scenario: on a busy machine it may not have
/// begun to answer within the 0.5 s after which a proxy asks another.
const MOST_LEFT_BEHIND: usize = 5;

/// What a scenario kills, which explains rallies that no client got.
#[derive(Debug, Default)]
pub(crate) struct Losses {
    /// Containers that were killed.
    pub(crate) killed: Vec<String>,
    /// Nodes whose proxy was killed.
    pub(crate) proxies: Vec<&'static str>,
    /// Nodes that were lost or partitioned.
    pub(crate) nodes: Vec<&'static str>,
}

/// The result of the comparison.
#[derive(Debug, Default)]
pub(crate) struct Account {
    pub(crate) notes: Vec<String>,
    pub(crate) faults: Vec<String>,
}

/// What clients received from one manager instance: the counters it must have, and each rally.
#[derive(Default)]
struct Received {
    score: Score,
    rallies: HashMap<String, (Verdict, usize)>,
}

/// What both sides counted since the scenario started.
struct Comparison<'a> {
    base: &'a HashMap<String, Entry>,
    published: HashMap<String, Entry>,
    received: BTreeMap<String, Received>,
}

impl Comparison<'_> {
    /// Returns what a manager instance published.
    fn published(&self, instance: &str) -> Counters {
        let base = self.base.get(instance).map(|entry| &entry.score);
        self.published.get(instance).map_or(ZERO, |entry| growth(&entry.score, base))
    }

    /// Returns what clients received from a manager instance.
    fn received(&self, instance: &str) -> Counters {
        self.received.get(instance).map_or(ZERO, |received| counters(&received.score))
    }

    /// Returns the instances whose counters differ.
    fn differences(&self) -> BTreeSet<String> {
        let instances = self.published.keys().chain(self.received.keys());
        let differ = |instance: &&String| self.published(instance) != self.received(instance);
        instances.filter(differ).cloned().collect()
    }
}

/// Compares what clients received with what managers published since `base`.
pub(crate) async fn compare(
    records: &[Record],
    ledger: &Ledger,
    base: &HashMap<String, Entry>,
    started: SystemTime,
    losses: &Losses,
) -> Account {
    let mut account = Account::default();
    let received = count_received(records, &mut account);
    let mut comparison = Comparison { base, published: ledger.entries(), received };
    let deadline = Instant::now() + LAG;
    let mut interval = interval(Duration::from_millis(50));
    while !comparison.differences().is_empty() && Instant::now() < deadline {
        interval.tick().await;
        comparison.published = ledger.entries();
    }
    let mut received = Totals::default();
    for instance in comparison.received.keys() {
        received += totals(&comparison.received(instance));
    }
    let mut published = Totals::default();
    for instance in comparison.published.keys() {
        published += totals(&comparison.published(instance));
    }
    account.notes.push(format!("clients received {received}; managers published {published}"));
    for instance in comparison.differences() {
        explain(&instance, &comparison, started, losses, &mut account).await;
    }
    account
}

fn count_received(records: &[Record], account: &mut Account) -> BTreeMap<String, Received> {
    let mut all = BTreeMap::<String, Received>::new();
    for rally in records.iter().filter_map(|record| record.result.as_ref().ok()) {
        let received = all.entry(rally.instance().to_owned()).or_default();
        rally.count_in(&mut received.score);
        let strokes = rally.strokes.len();
        if received.rallies.insert(rally.id.clone(), (rally.verdict, strokes)).is_some() {
            account.faults.push(format!("{} of {} was received twice", rally.id, rally.manager));
        }
    }
    all
}

/// The end of a rally in a manager's log, where the level debug suppresses no line.
#[derive(Deserialize)]
struct LoggedRally {
    rally: String,
    verdict: String,
    strokes: usize,
    #[serde(default)]
    proxy: String,
}

/// Finds in a manager's log what the clients did not get, and what was killed with it.
async fn explain(
    instance: &str,
    comparison: &Comparison<'_>,
    started: SystemTime,
    losses: &Losses,
    account: &mut Account,
) {
    let Some(entry) = comparison.published.get(instance) else {
        account.faults.push(format!("no manager has published instance {instance}"));
        return;
    };
    let published = comparison.published(instance);
    let counted = comparison.received(instance);
    let none = Received::default();
    let received = comparison.received.get(instance).unwrap_or(&none);
    let name = format!("{} ({instance})", entry.manager);
    let is_killed = losses.killed.contains(&entry.container);
    let is_cut_off = losses.nodes.contains(&entry.node);

    let log = match &entry.log {
        Some(log) => Some(log.clone()),
        None => Engine::of(entry.node).log(&entry.container, started, false).await,
    };
    let Some(log) = log else {
        let rallies = received.rallies.len();
        let node = entry.node;
        if is_cut_off {
            let note = format!("{name} was lost with {node}; clients received {rallies} rallies");
            account.notes.push(note);
        } else {
            let fault = format!("{name} has no log; published {published:?}, received {counted:?}");
            account.faults.push(fault);
        }
        return;
    };
    let logged: Vec<LoggedRally> = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|logged: &LoggedRally| logged.rally.starts_with(instance))
        .collect();
    for (id, (verdict, strokes)) in &received.rallies {
        match logged.iter().find(|logged| logged.rally == *id) {
            Some(found) if found.verdict == verdict.name() && found.strokes == *strokes => {}
            _ => account.faults.push(format!("{name} has not logged {id} as a client received it")),
        }
    }
    let logged_totals = Totals {
        rallies: logged.iter().filter(|logged| logged.verdict != "abandoned").count() as u64,
        strokes: logged.iter().map(|logged| logged.strokes as u64).sum(),
    };
    if !is_killed && !is_cut_off && logged_totals != totals(&published) {
        account.faults.push(format!(
            "{name} published {published:?} but logged {logged_totals}, received {counted:?}"
        ));
    }
    let mut left_behind = 0;
    for lost in logged.iter().filter(|logged| !received.rallies.contains_key(&logged.rally)) {
        let LoggedRally { rally, verdict, strokes, proxy } = lost;
        let lost = format!("{rally} ({verdict}, {strokes} strokes, proxy {proxy})");
        let proxy = losses.proxies.iter().chain(&losses.nodes).find(|node| *node == proxy);
        match proxy {
            _ if is_killed => account.notes.push(format!("{lost} was lost with {name}, killed")),
            Some(node) => account.notes.push(format!("{lost} was lost with the proxy of {node}")),
            None if is_cut_off => {
                account.notes.push(format!("{lost} was lost with {name}, cut off"));
            }
            None if verdict == "abandoned" && left_behind < MOST_LEFT_BEHIND => {
                left_behind += 1;
                account.notes.push(format!("{lost} was left behind for another manager's"));
            }
            None => account.faults.push(format!("{name}: no client received {lost}")),
        }
    }
    if is_killed || is_cut_off {
        let how = if is_killed { "killed" } else { "lost or cut off" };
        account.notes.push(format!(
            "{name}, {how}: published {}, logged {logged_totals}, received {}",
            totals(&published),
            totals(&counted)
        ));
    }
}
