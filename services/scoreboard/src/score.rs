//! The score of all managers together.
//!
//! A manager counts since its own start, under the random id of that instance. The greatest counters
//! of each instance are kept, and their sum is the score. Taking the greatest may be done in any
//! order, any number of times, by any number of scoreboards, with the same result; so a score
//! outlives its manager, and any scoreboard that another one has read from.
//!
//! Peers are not trusted. Counters that no manager can have are refused, which depends on the
//! counters alone, so that all scoreboards refuse the same. Each peer has a share of the instances,
//! so that one that makes them up without end takes the room of no other; none that another peer
//! brought is ever evicted.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;

use game::Score;
use protocol::id::InstanceId;

/// How many instances are stored: about 1 MB. A manager that has played nothing is not stored, so this
/// is as many starts of managers that played. A scoreboard that starts reads those of before it from
/// another one; beyond the share of that, there is always room for what managers report themselves.
const LIMITS: Limits = Limits { all: 4096, of_manager: 512, of_scoreboard: 3072 };

/// Maximum number of instances in one answer to another scoreboard, which asks again for the rest.
const PAGE_SIZE: usize = 512;

/// The greatest counters of each manager instance.
#[derive(Debug)]
pub(crate) struct ManagerScores {
    instances: HashMap<InstanceId, InstanceScore>,
    /// How many instances each peer has brought.
    shares: HashMap<Source, usize>,
    limits: Limits,
    revision: u64,
}

/// Maximum numbers of instances: in all, and of those that one peer brought.
#[derive(Clone, Copy, Debug)]
struct Limits {
    all: usize,
    of_manager: usize,
    of_scoreboard: usize,
}

/// The peer that counters come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Source {
    /// The manager at this address.
    Manager(SocketAddr),
    /// The scoreboard at this address.
    Scoreboard(SocketAddr),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Manager(address) => write!(f, "manager at {address}"),
            Self::Scoreboard(address) => write!(f, "scoreboard at {address}"),
        }
    }
}

/// Why counters do not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// They are none that a manager can have.
    #[error("no manager can have played that")]
    Implausible,
    /// They are of a new instance, and the peer has brought as many as it may, or there are as many
    /// as can be stored.
    #[error("too many manager instances")]
    TooMany,
}

#[derive(Debug)]
struct InstanceScore {
    score: Score,
    /// The peer that brought it first.
    source: Source,
    /// When it last grew, as the number of changes of all instances so far.
    revision: u64,
}

/// By how much an instance's counters have grown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Growth {
    /// Rallies with a verdict.
    pub(crate) rallies: u64,
    /// Answered strokes.
    pub(crate) strokes: u64,
}

impl Default for ManagerScores {
    fn default() -> Self {
        Self::with_limits(LIMITS)
    }
}

impl ManagerScores {
    fn with_limits(limits: Limits) -> Self {
        Self { instances: HashMap::new(), shares: HashMap::new(), limits, revision: 0 }
    }

    /// Merges the counters of an instance; returns by how much they have grown, unless it is new.
    ///
    /// # Errors
    ///
    /// [`Refusal`], when they do not count.
    pub(crate) fn merge(
        &mut self,
        source: Source,
        instance: &InstanceId,
        score: Score,
    ) -> Result<Option<Growth>, Refusal> {
        if !score.is_plausible() {
            return Err(Refusal::Implausible);
        }
        if let Some(known) = self.instances.get_mut(instance) {
            let newer = known.score.newer(score);
            let growth = Growth {
                rallies: newer.rallies() - known.score.rallies(),
                strokes: newer.strokes() - known.score.strokes(),
            };
            if newer != known.score {
                self.revision += 1;
                known.score = newer;
                known.revision = self.revision;
            }
            return Ok(Some(growth));
        }
        if score != Score::default() {
            self.make_room(source, score)?;
            self.revision += 1;
            let new = InstanceScore { score, source, revision: self.revision };
            self.instances.insert(instance.clone(), new);
        }
        Ok(None)
    }

    /// Counts a new instance in the share of the peer that brings it. One of a manager that has no
    /// more room replaces the one from the same address that has played least, once it has played more
    /// itself: the score of one that crashes a thousand times still grows, and no counter ever falls.
    fn make_room(&mut self, source: Source, score: Score) -> Result<(), Refusal> {
        let share = self.shares.get(&source).copied().unwrap_or_default();
        if self.instances.len() < self.limits.all && share < self.limits.of(source) {
            self.shares.insert(source, share + 1);
            return Ok(());
        }
        let own = self.instances.iter().filter(|(_, known)| known.source == source);
        let least = own.min_by_key(|(id, known)| (weight(&known.score), *id));
        let has_played_more = |than: Score| than != score && than.newer(score) == score;
        match (source, least) {
            (Source::Manager(_), Some((least, known))) if has_played_more(known.score) => {
                let least = least.clone();
                self.instances.remove(&least);
                Ok(())
            }
            _ => Err(Refusal::TooMany),
        }
    }

    /// Returns the sum of all instances.
    pub(crate) fn total(&self) -> Score {
        let mut total = Score::default();
        self.instances.values().for_each(|known| total += known.score);
        total
    }

    /// Returns the number of instances.
    pub(crate) fn len(&self) -> usize {
        self.instances.len()
    }

    /// Returns instances that have changed since a revision, those first that changed first, and the
    /// revision to ask from next.
    pub(crate) fn since(&self, revision: u64) -> (Vec<(InstanceId, Score)>, u64) {
        let newer = |(_, known): &(&InstanceId, &InstanceScore)| known.revision > revision;
        let mut changed: Vec<_> = self.instances.iter().filter(newer).collect();
        changed.sort_unstable_by_key(|(_, known)| known.revision);
        changed.truncate(PAGE_SIZE);
        let next = changed.last().map_or(self.revision.min(revision), |(_, known)| known.revision);
        (changed.into_iter().map(|(id, known)| (id.clone(), known.score)).collect(), next)
    }
}

impl Limits {
    const fn of(self, source: Source) -> usize {
        match source {
            Source::Manager(_) => self.of_manager,
            Source::Scoreboard(_) => self.of_scoreboard,
        }
    }
}

/// Returns one number that grows with every counter.
const fn weight(score: &Score) -> u64 {
    score.strokes() + score.rallies() + score.abandoned + score.faults
}

#[cfg(test)]
mod tests;
