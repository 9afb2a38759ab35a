//! What happened in the cluster and when, as all scoreboards have seen it.
//!
//! A scoreboard keeps what each of them has observed, with the time and the observer, and works the
//! entries out of that alone. Of two sets of observations the union is kept, or the latest of it: that
//! may be done in any order, any number of times, with the same result, so all scoreboards that have
//! read from each other answer the same.

use std::collections::BTreeMap;

use protocol::id::InstanceId;
use protocol::node::Node;
use protocol::port::Port;
use protocol::timeline::{Observation, TimelineEntry, TimelineEvent};
use server::clock::unix_millis;

mod entries;

use entries::entries;

/// Maximum number of entries.
const MAX_ENTRIES: usize = 500;

/// Maximum number of observations, about 0.4 MB: of three scoreboards as many as there are entries.
const MAX_OBSERVATIONS: usize = 1500;

/// Maximum number of observations in one answer to another scoreboard, which asks again for the rest.
const PAGE_SIZE: usize = 256;

/// How far an observer's clock may be ahead, in milliseconds, or one that is would push out all others.
const MAX_AHEAD: u64 = 3_600_000;

/// The observations of all scoreboards, and what follows from them.
#[derive(Debug)]
pub(crate) struct Timeline {
    by: InstanceId,
    /// When this scoreboard observed something last.
    last: u64,
    /// Each with the revision in which it came.
    observations: BTreeMap<Observation, u64>,
    revision: u64,
    entries: Vec<TimelineEntry>,
    /// The revision that the entries are of.
    listed: u64,
}

impl Timeline {
    /// Makes an empty timeline of this scoreboard.
    pub(crate) fn new(by: InstanceId) -> Self {
        let (observations, entries) = (BTreeMap::new(), Vec::new());
        Self { by, last: 0, observations, revision: 0, entries, listed: 0 }
    }

    /// Records that this scoreboard has seen something now.
    pub(crate) fn saw(&mut self, event: TimelineEvent) {
        self.observe(event, false);
    }

    /// Records that this scoreboard has seen now that something is over.
    pub(crate) fn saw_end(&mut self, event: TimelineEvent) {
        self.observe(event, true);
    }

    fn observe(&mut self, event: TimelineEvent, is_over: bool) {
        // Each a little later than the one before, so that all keep the order.
        self.last = unix_millis().max(self.last + 1);
        self.insert(Observation { at: self.last, by: self.by.clone(), is_over, event });
    }

    /// Merges what another scoreboard has, except what is said to happen in more than an hour.
    pub(crate) fn merge(&mut self, observations: impl IntoIterator<Item = Observation>) {
        let latest = unix_millis().saturating_add(MAX_AHEAD);
        observations.into_iter().filter(|one| one.at <= latest).for_each(|one| self.insert(one));
    }

    /// Inserts an observation; of too many, the latest stay.
    fn insert(&mut self, observation: Observation) {
        if self.observations.contains_key(&observation) {
            return;
        }
        self.revision += 1;
        self.observations.insert(observation, self.revision);
        if self.observations.len() > MAX_OBSERVATIONS {
            self.observations.pop_first();
        }
    }

    /// Returns what happened, the newest first.
    pub(crate) fn entries(&mut self) -> &[TimelineEntry] {
        if self.listed != self.revision {
            self.listed = self.revision;
            self.entries = entries(self.observations.keys());
            self.entries.truncate(MAX_ENTRIES);
        }
        &self.entries
    }

    /// Returns since when a port is broken, in milliseconds since 1970, if it is.
    pub(crate) fn broken_since(&mut self, from: &Node, port: &Port) -> Option<u64> {
        let mut broken = self.entries().iter().filter(|entry| entry.end.is_none());
        let is_it = |entry: &&TimelineEntry| {
            matches!(&entry.event, TimelineEvent::Port { from: one, port: other, .. }
                if (one, other) == (from, port))
        };
        broken.find(is_it).map(|entry| entry.at)
    }

    /// Returns observations that came after a revision, the first to come first, and the revision to ask
    /// from next.
    pub(crate) fn since(&self, revision: u64) -> (Vec<Observation>, u64) {
        let newer = |(_, came): &(&Observation, &u64)| **came > revision;
        let mut new: Vec<_> = self.observations.iter().filter(newer).collect();
        new.sort_unstable_by_key(|(_, came)| **came);
        new.truncate(PAGE_SIZE);
        let next = new.last().map_or(self.revision.min(revision), |(_, came)| **came);
        (new.into_iter().map(|(observation, _)| observation.clone()).collect(), next)
    }
}

#[cfg(test)]
mod tests;
