//! The score of all managers together.
//!
//! A manager counts since its own start, under a name drawn for that life. Of each life the greatest
//! counters are kept, and their sum is the score. Taking the greatest may be done in any order, any
//! number of times, by any number of scoreboards, and comes to the same; so a score outlives its
//! manager, and any scoreboard that somebody else has heard from.

use std::collections::HashMap;

use court::task::Name;
use rally::Score;

/// The most lives kept: about 1 MB. A manager that has played nothing is not kept at all, so this
/// is as many starts of managers that played. Beyond, those that played least are left out.
const MOST: usize = 4096;

/// The most lives one answer to another scoreboard holds; it asks again for the rest.
const AT_ONCE: usize = 512;

/// Keeps the greatest counters of each life.
#[derive(Debug)]
pub(crate) struct Lives {
    lives: HashMap<Name, Kept>,
    most: usize,
    revision: u64,
}

#[derive(Debug)]
struct Kept {
    score: Score,
    /// When it last grew, in changes of all lives so far.
    revision: u64,
}

impl Default for Lives {
    fn default() -> Self {
        Self::keeping(MOST)
    }
}

impl Lives {
    fn keeping(most: usize) -> Self {
        Self { lives: HashMap::new(), most, revision: 0 }
    }

    /// Takes the counters of a life in; returns by how much they have grown, unless it was unknown.
    pub(crate) fn merge(&mut self, life: &Name, score: Score) -> Option<Growth> {
        if let Some(kept) = self.lives.get_mut(life) {
            let newer = kept.score.newer(score);
            let growth = Growth {
                rallies: newer.rallies() - kept.score.rallies(),
                strokes: newer.strokes() - kept.score.strokes(),
            };
            if newer != kept.score {
                self.revision += 1;
                *kept = Kept { score: newer, revision: self.revision };
            }
            return Some(growth);
        }
        if score != Score::default() {
            self.revision += 1;
            self.lives.insert(life.clone(), Kept { score, revision: self.revision });
            self.leave_the_least_out();
        }
        None
    }

    /// Leaves out whom least was counted for, by a rule that all scoreboards come to the same with:
    /// one that is left out has as many greater ones before it everywhere, until it grows itself.
    fn leave_the_least_out(&mut self) {
        if self.lives.len() > self.most
            && let Some(least) =
                self.lives.iter().min_by_key(|(life, kept)| (weight(&kept.score), *life))
        {
            let least = least.0.clone();
            self.lives.remove(&least);
        }
    }

    /// Returns the sum of all lives.
    pub(crate) fn total(&self) -> Score {
        let mut total = Score::default();
        self.lives.values().for_each(|kept| total += kept.score);
        total
    }

    /// Returns how many lives are kept.
    pub(crate) fn count(&self) -> usize {
        self.lives.len()
    }

    /// Returns lives that have grown since a revision, those first that did first, and the revision
    /// to ask from next.
    pub(crate) fn since(&self, revision: u64) -> (Vec<(Name, Score)>, u64) {
        let newer = |(_, kept): &(&Name, &Kept)| kept.revision > revision;
        let mut lives: Vec<_> = self.lives.iter().filter(newer).collect();
        lives.sort_unstable_by_key(|(_, kept)| kept.revision);
        lives.truncate(AT_ONCE);
        let next = lives.last().map_or(self.revision.min(revision), |(_, kept)| kept.revision);
        (lives.into_iter().map(|(life, kept)| (life.clone(), kept.score)).collect(), next)
    }
}

/// Tells by how much a life's counters have grown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Growth {
    pub(crate) rallies: u64,
    pub(crate) strokes: u64,
}

/// Returns one number that grows with every counter.
fn weight(score: &Score) -> u64 {
    let others = score.abandoned.saturating_add(score.faults);
    score.strokes().saturating_add(score.rallies()).saturating_add(others)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Returns the counters of a life after so many rallies; each life has a habit of its own.
    fn after(life: u8, rallies: u64) -> Score {
        let life = u64::from(life);
        Score {
            ping: rallies,
            pong: rallies / (life + 1),
            draws: rallies / 100,
            ping_hits: 3 * rallies,
            pong_misses: rallies,
            faults: rallies / 7,
            longest: u16::try_from(rallies.min(198)).expect("small"),
            ..Score::default()
        }
    }

    fn name(life: u8) -> Name {
        Name::from_any(&format!("life{life}"))
    }

    /// What scoreboards hear: lives, and how many rallies each had played by then.
    type Heard = Vec<(u8, u64)>;

    fn heard() -> impl Strategy<Value = Heard> {
        prop::collection::vec((0_u8..12, 0_u64..1000), 0..40)
    }

    fn lives(most: usize, heard: &Heard) -> Lives {
        let mut lives = Lives::keeping(most);
        for (life, rallies) in heard {
            lives.merge(&name(*life), after(*life, *rallies));
        }
        lives
    }

    fn join(mut one: Lives, other: &Lives) -> Lives {
        let mut from = 0;
        loop {
            let (lives, next) = other.since(from);
            if lives.is_empty() {
                return one;
            }
            for (life, score) in lives {
                one.merge(&life, score);
            }
            from = next;
        }
    }

    fn kept(lives: &Lives) -> Vec<(Name, Score)> {
        let mut kept: Vec<_> =
            lives.lives.iter().map(|(life, kept)| (life.clone(), kept.score)).collect();
        kept.sort_by(|one, other| one.0.cmp(&other.0));
        kept
    }

    proptest! {
        #[test]
        fn merging_is_commutative_associative_and_idempotent_even_where_lives_are_left_out(
            a in heard(), b in heard(), c in heard(), most in 1_usize..14,
        ) {
            let lives = |heard| lives(most, heard);
            let ab = join(lives(&a), &lives(&b));
            prop_assert_eq!(kept(&ab), kept(&join(lives(&b), &lives(&a))));
            let bc = join(lives(&b), &lives(&c));
            let left = kept(&join(ab, &lives(&c)));
            prop_assert_eq!(left, kept(&join(lives(&a), &bc)));
            prop_assert_eq!(kept(&join(lives(&a), &lives(&a))), kept(&lives(&a)));
        }

        #[test]
        fn merging_loses_nothing_and_counts_nothing_twice(a in heard(), b in heard()) {
            let mut greatest: HashMap<u8, u64> = HashMap::new();
            for (life, rallies) in a.iter().chain(&b) {
                let known = greatest.entry(*life).or_default();
                *known = (*known).max(*rallies);
            }
            let mut counted = Score::default();
            greatest.into_iter().for_each(|(life, rallies)| counted += after(life, rallies));
            let merged = join(lives(MOST, &a), &lives(MOST, &b));
            prop_assert_eq!(merged.total(), counted);
        }

        #[test]
        fn the_total_never_falls_and_memory_is_bounded(heard in heard(), most in 1_usize..14) {
            let mut lives = Lives::keeping(most);
            let mut before = 0;
            for (life, rallies) in heard {
                lives.merge(&name(life), after(life, rallies));
                let now = lives.lives.values().map(|kept| weight(&kept.score)).sum();
                prop_assert!(now >= before, "{before} to {now}");
                prop_assert!(lives.count() <= most);
                before = now;
            }
        }

        #[test]
        fn the_growth_told_adds_up_to_what_was_counted(counts in prop::collection::vec(1_u64..1000, 1..20)) {
            let mut lives = Lives::default();
            let mut growth = 0;
            for rallies in &counts {
                growth += lives.merge(&name(1), after(1, *rallies)).map_or(0, |grown| grown.rallies);
            }
            prop_assert_eq!(after(1, counts[0]).rallies() + growth, lives.total().rallies());
        }
    }

    #[test]
    fn a_scoreboard_that_asks_again_hears_only_what_is_new() {
        let mut lives = lives(MOST, &vec![(1, 5), (2, 5)]);
        let (all, seen) = lives.since(0);
        assert_eq!(all.len(), 2);
        assert_eq!(lives.since(seen), (vec![], seen));
        lives.merge(&name(1), after(1, 6));
        assert_eq!(lives.since(seen).0, [(name(1), after(1, 6))]);
    }

    #[test]
    fn a_life_that_has_played_nothing_is_not_kept() {
        assert_eq!(lives(MOST, &vec![(1, 0)]).count(), 0);
    }

    #[test]
    fn noise_at_the_limit_of_a_counter_stops_nothing() {
        let mut lives = Lives::default();
        let noise = Score { ping: u64::MAX, pong: u64::MAX, ..Score::default() };
        lives.merge(&name(1), noise);
        lives.merge(&name(2), noise);
        assert_eq!(lives.total().rallies(), u64::MAX);
    }
}
