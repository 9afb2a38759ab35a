//! What a proxy knows of all paths: its own ways to others, and what those have told of theirs.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use court::knock::{Aged, Cause, Pair as Told, Report, Row};
use court::task::{Name, Task};
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::pair::{EVERY, Outcome, Pair, Size};
use super::partners::partners;

/// How long a node's proxy may be missing from discovery. A rolling update keeps it out for 6 s: the
/// 2 s before its stop, the stop, and the first health check of the next.
const NO_DNS_AFTER: Duration = Duration::from_secs(8);

/// How long a node that is not heard of is remembered once discovery does not list its proxy.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);

/// The time between two knocks at oneself, to find out whether the address is another's by now.
const ONESELF: Duration = Duration::from_secs(60);

/// The most bytes of a row that goes with an answer: with its headers less than the smallest packet
/// that large ones are told from.
const FITS: usize = 1000;

/// The most pairs that are kept of what another proxy tells.
const MOST_PAIRS: usize = 32;

/// What knocks at an address until it is dropped, or the proxy stops.
pub(super) type Knocking = AbortOnDropHandle<Option<()>>;

/// Holds one proxy's knowledge.
#[derive(Debug)]
pub(super) struct Table {
    me: Task,
    port: u16,
    /// This proxy's own address, as it sees it when it knocks.
    at: Option<SocketAddr>,
    ways: HashMap<SocketAddr, Way>,
    heard: HashMap<Name, (Instant, Row)>,
}

#[derive(Debug)]
struct Way {
    pair: Pair,
    /// The node at its end, once its proxy has answered.
    node: Option<Name>,
    /// Since when discovery has not listed it.
    unlisted: Option<Instant>,
    /// What was told of it last.
    verdict: Option<Cause>,
    /// What knocks there, as long as it is to be knocked at.
    knocking: Option<Knocking>,
}

impl Way {
    fn broken(&self) -> Option<Cause> {
        match self.unlisted {
            Some(since) if since.elapsed() >= NO_DNS_AFTER => Some(Cause::NoDns),
            _ => self.pair.broken(),
        }
    }

    /// Returns its node, or the address of who has never said who it is, such as `10.0.9.4-3001`.
    fn name(&self, address: SocketAddr) -> Name {
        self.node.clone().unwrap_or_else(|| Name::from_any(&address.to_string()))
    }

    /// Tells the verdict if it is another than was told last.
    fn changed(&mut self, address: SocketAddr) -> Option<Change> {
        let verdict = self.broken();
        let before = std::mem::replace(&mut self.verdict, verdict);
        (verdict != before).then(|| Change { to: self.name(address), now: Some(verdict) })
    }
}

/// Tells that a way is broken now, or whole, or not to be told of any more.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) to: Name,
    pub(super) now: Option<Option<Cause>>,
}

impl Table {
    pub(super) fn new(me: Task, admin: SocketAddr) -> Self {
        let at = (!admin.ip().is_unspecified()).then_some(admin);
        Self { me, port: admin.port(), at, ways: HashMap::new(), heard: HashMap::new() }
    }

    /// Takes in what discovery lists, and has those knocked at that are to be.
    pub(super) fn listed(
        &mut self,
        listed: &[SocketAddr],
        start: impl Fn(SocketAddr) -> Option<Knocking>,
    ) -> Vec<Change> {
        let others: Vec<_> =
            listed.iter().copied().filter(|address| Some(*address) != self.at).collect();
        let chosen = partners(&self.me.node, &others);
        for address in &chosen {
            let new = || Way {
                pair: Pair::new(rand::random()),
                node: None,
                unlisted: None,
                verdict: None,
                knocking: None,
            };
            let way = self.ways.entry(*address).or_insert_with(new);
            way.unlisted = None;
            if way.knocking.is_none() {
                way.knocking = start(*address);
            }
        }
        self.heard.retain(|_, (when, _)| when.elapsed() < FORGOTTEN_AFTER);
        let reached: Vec<Name> =
            chosen.iter().filter_map(|address| self.ways[address].node.clone()).collect();
        let mut changes = Vec::new();
        self.ways.retain(|address, way| {
            if chosen.contains(address) {
                return true;
            }
            way.knocking = None;
            let since = *way.unlisted.get_or_insert_with(Instant::now);
            // The node's next proxy has come in its place.
            if way.node.as_ref().is_some_and(|node| reached.contains(node)) {
                return false;
            }
            // Who is there, but somebody else's partner now, is not told of any more; nor is who
            // never answered and has left.
            let keep = way.node.is_some()
                && !listed.contains(address)
                && since.elapsed() < FORGOTTEN_AFTER;
            if !keep {
                changes.push(Change { to: way.name(*address), now: None });
            }
            keep
        });
        for (address, way) in &mut self.ways {
            changes.extend(way.changed(*address));
        }
        changes
    }

    /// Says how to knock at an address; none if it is not to be knocked at any more.
    pub(super) fn next(&self, address: SocketAddr) -> Option<Size> {
        self.ways.get(&address).map(|way| way.pair.size())
    }

    /// Takes in what became of a knock; returns whom it was at, and when to knock again.
    pub(super) fn record(
        &mut self,
        address: SocketAddr,
        size: Size,
        outcome: Outcome,
        row: Option<Row>,
        from: Option<SocketAddr>,
    ) -> (Option<Name>, Duration, Vec<Change>) {
        if let Some(from) = from {
            self.at = Some(SocketAddr::new(from.ip(), self.port));
        }
        let Some(way) = self.ways.get_mut(&address) else { return (None, EVERY, Vec::new()) };
        let answered_by = row.as_ref().map(|row| row.proxy.node.clone());
        if answered_by.as_ref() == Some(&self.me.node) {
            // This proxy itself, or the next on this node: there is no network in between.
            way.node = answered_by;
            return (None, ONESELF, Vec::new());
        }
        way.pair.record(size, outcome);
        let pause = way.pair.pause();
        let mut changes = Vec::new();
        if let Some(mut row) = row {
            row.pairs.truncate(MOST_PAIRS);
            let node = row.proxy.node.clone();
            if way.node.as_ref() != Some(&node) {
                // What was told under its address, or of the node that was there before, is over.
                changes.push(Change { to: way.name(address), now: None });
                way.node = Some(node.clone());
                way.verdict = way.broken();
                changes.push(Change { to: node.clone(), now: Some(way.verdict) });
            }
            self.heard.insert(node, (Instant::now(), row));
        }
        changes.extend(way.changed(address));
        (way.node.clone(), pause, changes)
    }

    /// Tells what this proxy has measured, the broken ways first.
    pub(super) fn row(&self) -> Row {
        // Of two proxies on one node, the one that is listed and answers counts.
        let worth = |way: &Way| (way.unlisted.is_none(), way.broken().is_none());
        let better = |at: &SocketAddr, way: &Way| {
            let same = |other: &Way| way.node.is_some() && other.node == way.node;
            let mut others = self.ways.iter().filter(|(_, other)| same(other));
            others.any(|(other_at, other)| (worth(other), other_at) > (worth(way), at))
        };
        let mut pairs = Vec::new();
        for broken in [true, false] {
            for (at, way) in &self.ways {
                let cause = way.broken();
                let is_here = way.node.as_ref() == Some(&self.me.node);
                // Who has never answered may only be new.
                let is_new = way.node.is_none() && cause.is_none();
                if cause.is_some() == broken && !is_here && !is_new && !better(at, way) {
                    pairs.push(Told { cause, ..way.pair.tell(way.name(*at)) });
                }
            }
        }
        Row { proxy: self.me.clone(), at: self.at, pairs }
    }

    /// Tells the same as JSON that fits into one packet. Sixteen pairs do, unless their names are
    /// uncommonly long; then those that are well are left out.
    pub(super) fn small_row(&self) -> String {
        let mut row = self.row();
        loop {
            // A plain structure, for which it does not fail.
            let text = serde_json::to_string(&row).unwrap_or_default();
            if text.len() <= FITS || row.pairs.pop().is_none() {
                return text;
            }
        }
    }

    /// Tells the own row, and those heard of others; of these nodes, if any are named.
    pub(super) fn report(&self, of: Option<&[Name]>) -> Report {
        let own = Aged { age: 0, row: self.row() };
        let asked = |node: &Name| of.is_none_or(|of| of.contains(node));
        let heard = self.heard.iter().filter(|(node, _)| asked(node)).map(|(_, (when, row))| {
            let age = u64::try_from(when.elapsed().as_millis()).unwrap_or(u64::MAX);
            Aged { age, row: row.clone() }
        });
        Report { rows: std::iter::once(own).chain(heard).collect() }
    }
}

#[cfg(test)]
mod tests;
