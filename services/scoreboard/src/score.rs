//! The score of all managers together.
//!
//! A manager counts since its own start, under the random id of that instance. The greatest counters
//! of each instance are kept, and their sum is the score. Taking the greatest may be done in any
//! order, any number of times, by any number of scoreboards, with the same result; so a score
//! outlives its manager, and any scoreboard that another one has read from.

use std::collections::HashMap;

use game::Score;
use protocol::id::InstanceId;

/// Maximum number of manager instances: about 1 MB. A manager that has played nothing is not stored,
/// so this is as many starts of managers that played. Beyond, those that played least are evicted.
const MAX_INSTANCES: usize = 4096;

/// Maximum number of instances in one answer to another scoreboard, which asks again for the rest.
const PAGE_SIZE: usize = 512;

/// The greatest counters of each manager instance.
#[derive(Debug)]
pub(crate) struct ManagerScores {
    instances: HashMap<InstanceId, InstanceScore>,
    max: usize,
    revision: u64,
}

#[derive(Debug)]
struct InstanceScore {
    score: Score,
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
        Self::with_capacity(MAX_INSTANCES)
    }
}

impl ManagerScores {
    fn with_capacity(max: usize) -> Self {
        Self { instances: HashMap::new(), max, revision: 0 }
    }

    /// Merges the counters of an instance; returns by how much they have grown, unless it is new.
    pub(crate) fn merge(&mut self, instance: &InstanceId, score: Score) -> Option<Growth> {
        if let Some(known) = self.instances.get_mut(instance) {
            let newer = known.score.newer(score);
            let growth = Growth {
                rallies: newer.rallies() - known.score.rallies(),
                strokes: newer.strokes() - known.score.strokes(),
            };
            if newer != known.score {
                self.revision += 1;
                *known = InstanceScore { score: newer, revision: self.revision };
            }
            return Some(growth);
        }
        if score != Score::default() {
            self.revision += 1;
            let new = InstanceScore { score, revision: self.revision };
            self.instances.insert(instance.clone(), new);
            self.evict();
        }
        None
    }

    /// Evicts the instance with the lowest total if there are too many; deterministic, so that
    /// scoreboards converge: an evicted instance has as many greater ones before it everywhere,
    /// until it grows itself.
    fn evict(&mut self) {
        let total =
            |(id, known): &(&InstanceId, &InstanceScore)| (weight(&known.score), (*id).clone());
        if self.instances.len() > self.max
            && let Some((least, _)) = self.instances.iter().min_by_key(total)
        {
            let least = least.clone();
            self.instances.remove(&least);
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

/// Returns one number that grows with every counter.
fn weight(score: &Score) -> u64 {
    let others = score.abandoned.saturating_add(score.faults);
    score.strokes().saturating_add(score.rallies()).saturating_add(others)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use protocol::name::Name;

    use super::*;

    /// Returns the counters of an instance after so many rallies; each instance plays differently.
    fn after(instance: u8, rallies: u64) -> Score {
        let instance = u64::from(instance);
        Score {
            ping: rallies,
            pong: rallies / (instance + 1),
            draws: rallies / 100,
            ping_hits: 3 * rallies,
            pong_misses: rallies,
            faults: rallies / 7,
            longest: u16::try_from(rallies.min(198)).expect("small"),
            ..Score::default()
        }
    }

    fn id(instance: u8) -> InstanceId {
        Name::from_any(&format!("instance{instance}")).into()
    }

    /// What scoreboards receive: instances, and how many rallies each had played by then.
    type Received = Vec<(u8, u64)>;

    fn received() -> impl Strategy<Value = Received> {
        prop::collection::vec((0_u8..12, 0_u64..1000), 0..40)
    }

    fn scores(max: usize, received: &Received) -> ManagerScores {
        let mut scores = ManagerScores::with_capacity(max);
        for (instance, rallies) in received {
            scores.merge(&id(*instance), after(*instance, *rallies));
        }
        scores
    }

    fn join(mut one: ManagerScores, other: &ManagerScores) -> ManagerScores {
        let mut from = 0;
        loop {
            let (changed, next) = other.since(from);
            if changed.is_empty() {
                return one;
            }
            for (instance, score) in changed {
                one.merge(&instance, score);
            }
            from = next;
        }
    }

    fn all(scores: &ManagerScores) -> Vec<(InstanceId, Score)> {
        let (mut all, _) = scores.since(0);
        all.sort_by(|one, other| one.0.cmp(&other.0));
        all
    }

    proptest! {
        #[test]
        fn merging_is_commutative_associative_and_idempotent_with_eviction(
            a in received(), b in received(), c in received(), max in 1_usize..14,
        ) {
            let scores = |received| scores(max, received);
            let ab = join(scores(&a), &scores(&b));
            prop_assert_eq!(all(&ab), all(&join(scores(&b), &scores(&a))));
            let bc = join(scores(&b), &scores(&c));
            let left = all(&join(ab, &scores(&c)));
            prop_assert_eq!(left, all(&join(scores(&a), &bc)));
            prop_assert_eq!(all(&join(scores(&a), &scores(&a))), all(&scores(&a)));
        }

        #[test]
        fn merging_loses_nothing_and_counts_nothing_twice(a in received(), b in received()) {
            let mut greatest: HashMap<u8, u64> = HashMap::new();
            for (instance, rallies) in a.iter().chain(&b) {
                let known = greatest.entry(*instance).or_default();
                *known = (*known).max(*rallies);
            }
            let mut counted = Score::default();
            greatest.into_iter().for_each(|(instance, rallies)| counted += after(instance, rallies));
            let merged = join(scores(MAX_INSTANCES, &a), &scores(MAX_INSTANCES, &b));
            prop_assert_eq!(merged.total(), counted);
        }

        #[test]
        fn the_total_never_falls_and_memory_is_bounded(received in received(), max in 1_usize..14) {
            let mut scores = ManagerScores::with_capacity(max);
            let mut before = 0;
            for (instance, rallies) in received {
                scores.merge(&id(instance), after(instance, rallies));
                let now = all(&scores).iter().map(|(_, score)| weight(score)).sum();
                prop_assert!(now >= before, "{before} to {now}");
                prop_assert!(scores.len() <= max);
                before = now;
            }
        }

        #[test]
        fn deltas_add_up_to_the_total(counts in prop::collection::vec(1_u64..1000, 1..20)) {
            let mut scores = ManagerScores::default();
            let mut growth = 0;
            for rallies in &counts {
                growth += scores.merge(&id(1), after(1, *rallies)).map_or(0, |grown| grown.rallies);
            }
            prop_assert_eq!(after(1, counts[0]).rallies() + growth, scores.total().rallies());
        }
    }

    #[test]
    fn sync_returns_only_changes_since_the_revision() {
        let mut scores = scores(MAX_INSTANCES, &vec![(1, 5), (2, 5)]);
        let (all, seen) = scores.since(0);
        assert_eq!(all.len(), 2);
        assert_eq!(scores.since(seen), (vec![], seen));
        scores.merge(&id(1), after(1, 6));
        assert_eq!(scores.since(seen).0, [(id(1), after(1, 6))]);
    }

    #[test]
    fn an_instance_without_rallies_is_not_stored() {
        assert_eq!(scores(MAX_INSTANCES, &vec![(1, 0)]).len(), 0);
    }

    #[test]
    fn totals_saturate() {
        let mut scores = ManagerScores::default();
        let noise = Score { ping: u64::MAX, pong: u64::MAX, ..Score::default() };
        scores.merge(&id(1), noise);
        scores.merge(&id(2), noise);
        assert_eq!(scores.total().rallies(), u64::MAX);
    }
}
