//! The score: counters that only grow.

use std::ops::AddAssign;

use serde::{Deserialize, Serialize};

use crate::{MAX_ROUNDS, Outcome, Rally, Side, Verdict};

/// Maximum number of strokes, and of faults, of one manager: a million a second for thirty years,
/// twenty times as fast as was measured. The sum of 4,096 managers still fits into 64 bits.
const MAX_COUNT: u64 = 1_000_000_000_000_000;

/// Maximum number of rallies that a manager has in flight: 65,536 at full speed and as many paced.
const MAX_IN_FLIGHT: u64 = 2 * 65_536;

/// Counters of what one manager, or all managers together, have played since their start.
///
/// Every field only grows, so of two scores of the same manager the greater is the newer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// Rallies that ping won.
    pub ping: u64,
    /// Rallies that pong won.
    pub pong: u64,
    /// Rallies without a miss.
    pub draws: u64,
    /// Rallies cut short because no player of a side answered.
    pub lets: u64,
    /// Rallies whose client went away before the end; they have no verdict.
    pub abandoned: u64,
    /// Strokes of ping that came back.
    pub ping_hits: u64,
    /// Strokes of ping that were lost.
    pub ping_misses: u64,
    /// Strokes of pong that came back.
    pub pong_hits: u64,
    /// Strokes of pong that were lost.
    pub pong_misses: u64,
    /// Stroke attempts with no valid response; none of them is a MISS.
    pub faults: u64,
    /// The most strokes any one rally had.
    pub longest: u16,
}

impl Score {
    /// Counts one answered stroke.
    pub fn count_stroke(&mut self, side: Side, outcome: Outcome) {
        *match (side, outcome) {
            (Side::Ping, Outcome::Hit) => &mut self.ping_hits,
            (Side::Ping, Outcome::Miss) => &mut self.ping_misses,
            (Side::Pong, Outcome::Hit) => &mut self.pong_hits,
            (Side::Pong, Outcome::Miss) => &mut self.pong_misses,
        } += 1;
    }

    /// Counts a rally by its verdict; one that is not over counts as abandoned.
    pub fn count_rally(&mut self, rally: &Rally) {
        *match rally.verdict() {
            Some(Verdict::Winner(Side::Ping)) => &mut self.ping,
            Some(Verdict::Winner(Side::Pong)) => &mut self.pong,
            Some(Verdict::Draw) => &mut self.draws,
            Some(Verdict::Let(_)) => &mut self.lets,
            None => &mut self.abandoned,
        } += 1;
        self.longest = self.longest.max(rally.strokes());
    }

    /// Returns the newer of two scores of one manager: the greater of each counter.
    #[must_use]
    pub fn newer(self, other: Self) -> Self {
        Self {
            ping: self.ping.max(other.ping),
            pong: self.pong.max(other.pong),
            draws: self.draws.max(other.draws),
            lets: self.lets.max(other.lets),
            abandoned: self.abandoned.max(other.abandoned),
            ping_hits: self.ping_hits.max(other.ping_hits),
            ping_misses: self.ping_misses.max(other.ping_misses),
            pong_hits: self.pong_hits.max(other.pong_hits),
            pong_misses: self.pong_misses.max(other.pong_misses),
            faults: self.faults.max(other.faults),
            longest: self.longest.max(other.longest),
        }
    }

    /// Returns whether one manager can have counted this: every rally has at least one stroke and at
    /// most those of a draw, every rally that was won ended with a miss, and there are no more than a
    /// manager can play in thirty years.
    #[must_use]
    pub const fn is_plausible(&self) -> bool {
        const MAX_STROKES: u16 = 2 * MAX_ROUNDS;
        let ended = self.rallies().saturating_add(self.abandoned);
        let strokes = self.strokes();
        strokes <= MAX_COUNT
            && self.faults <= MAX_COUNT
            && ended <= strokes
            && strokes <= MAX_STROKES as u64 * (ended + MAX_IN_FLIGHT)
            && self.ping <= self.pong_misses
            && self.pong <= self.ping_misses
            && self.longest <= MAX_STROKES
            && self.longest as u64 <= strokes
    }

    /// Returns the rallies that reached a verdict.
    #[must_use]
    pub const fn rallies(&self) -> u64 {
        sum([self.ping, self.pong, self.draws, self.lets])
    }

    /// Returns the answered strokes of both sides.
    #[must_use]
    pub const fn strokes(&self) -> u64 {
        sum([self.ping_hits, self.ping_misses, self.pong_hits, self.pong_misses])
    }
}

/// Adds counters, saturating: scores come from other machines and may hold any value.
const fn sum([a, b, c, d]: [u64; 4]) -> u64 {
    a.saturating_add(b).saturating_add(c).saturating_add(d)
}

/// Adds the score of another manager; counters saturate.
impl AddAssign for Score {
    fn add_assign(&mut self, other: Self) {
        self.ping = self.ping.saturating_add(other.ping);
        self.pong = self.pong.saturating_add(other.pong);
        self.draws = self.draws.saturating_add(other.draws);
        self.lets = self.lets.saturating_add(other.lets);
        self.abandoned = self.abandoned.saturating_add(other.abandoned);
        self.ping_hits = self.ping_hits.saturating_add(other.ping_hits);
        self.ping_misses = self.ping_misses.saturating_add(other.ping_misses);
        self.pong_hits = self.pong_hits.saturating_add(other.pong_hits);
        self.pong_misses = self.pong_misses.saturating_add(other.pong_misses);
        self.faults = self.faults.saturating_add(other.faults);
        self.longest = self.longest.max(other.longest);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Plays one rally that ends after `hits` hits, by a miss or, if `cut`, by a let; one without a
    /// stroke is not counted. Whatever a manager has counted by then is plausible.
    fn rally(hits: u16, cut: bool, score: &mut Score) -> Rally {
        let mut rally = Rally::new(crate::MAX_ROUNDS);
        for n in 0..=hits {
            let Some(side) = rally.to_play() else { break };
            if cut && n > 0 && n == hits {
                rally.call_let();
                break;
            }
            let outcome = if n == hits { Outcome::Miss } else { Outcome::Hit };
            score.count_stroke(side, outcome);
            assert!(score.is_plausible(), "{score:?}");
            rally.record(outcome);
        }
        score.count_rally(&rally);
        assert!(score.is_plausible(), "{score:?}");
        rally
    }

    proptest! {
        #[test]
        fn the_score_adds_up(rallies in prop::collection::vec((0_u16..250, any::<bool>()), 0..50)) {
            let mut score = Score::default();
            let played: Vec<Rally> =
                rallies.iter().map(|&(hits, cut)| rally(hits, cut, &mut score)).collect();
            prop_assert_eq!(score.rallies(), played.len() as u64);
            prop_assert_eq!(score.strokes(), played.iter().map(|r| u64::from(r.strokes())).sum());
            prop_assert_eq!(score.ping, score.pong_misses);
            prop_assert_eq!(score.pong, score.ping_misses);
            prop_assert_eq!(score.longest, played.iter().map(Rally::strokes).max().unwrap_or(0));
            prop_assert_eq!(score.abandoned, 0);
        }

        #[test]
        fn two_managers_together_count_what_one_would_have_counted(
            rallies in prop::collection::vec((0_u16..250, any::<bool>(), any::<bool>()), 0..50),
        ) {
            let mut one = Score::default();
            let mut two = [Score::default(); 2];
            for (hits, cut, at) in rallies {
                rally(hits, cut, &mut one);
                rally(hits, cut, &mut two[usize::from(at)]);
            }
            let [mut sum, other] = two;
            sum += other;
            prop_assert_eq!(sum, one);
        }
    }

    #[test]
    fn what_no_manager_can_have_played_is_not_plausible() {
        let won = Score { ping: 5, pong_misses: 5, ping_hits: 20, longest: 9, ..Score::default() };
        assert!(Score::default().is_plausible() && won.is_plausible());
        let drawn = Score { draws: u64::MAX / 4096, ping_hits: u64::MAX / 4096, ..won };
        for score in [
            Score { ping: u64::MAX, pong_misses: u64::MAX, ..won },
            Score { pong_hits: u64::MAX, ..won },
            Score { faults: u64::MAX, ..won },
            Score { ping_hits: MAX_COUNT, ..won },
            drawn,
            Score { longest: 199, ping_hits: 200, ..won },
            Score { longest: 30, ..won },
            Score { ping: 6, ..won },
            Score { pong: 1, ..won },
            Score { abandoned: 30, ..won },
        ] {
            assert!(!score.is_plausible(), "{score:?}");
        }
    }

    #[test]
    fn a_rally_that_is_not_over_counts_as_abandoned_and_has_no_verdict() {
        let mut score = Score::default();
        score.count_rally(&Rally::new(1));
        assert_eq!((score.abandoned, score.rallies()), (1, 0));
    }
}
