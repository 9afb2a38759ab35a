//! One rally: whose turn it is, and whether it is over.

use crate::{Outcome, Side, Verdict};

/// Maximum and default number of rounds of a rally; a round is one stroke of each side.
///
/// 99 is the original game's limit (FuriKuri/ping-pong, 2016).
pub const MAX_ROUNDS: u16 = 99;

/// A rally: strokes in turn, ping first, up to a MISS, a draw or a let.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rally {
    rounds: u16,
    strokes: u16,
    verdict: Option<Verdict>,
}

impl Rally {
    /// Starts a rally that is a draw after `rounds` rounds without a miss.
    ///
    /// `rounds` is clamped to 1 to [`MAX_ROUNDS`].
    #[must_use]
    pub fn new(rounds: u16) -> Self {
        Self { rounds: rounds.clamp(1, MAX_ROUNDS), strokes: 0, verdict: None }
    }

    /// Returns the side to play; none once the rally is over.
    #[must_use]
    pub const fn to_play(&self) -> Option<Side> {
        match self.verdict {
            Some(_) => None,
            None if self.strokes.is_multiple_of(2) => Some(Side::Ping),
            None => Some(Side::Pong),
        }
    }

    /// Returns how the rally ended, once it has.
    #[must_use]
    pub const fn verdict(&self) -> Option<Verdict> {
        self.verdict
    }

    /// Records the stroke of the side to play; a rally that is over stays as it is.
    pub fn record(&mut self, outcome: Outcome) {
        let Some(side) = self.to_play() else { return };
        self.strokes += 1;
        if outcome == Outcome::Miss {
            self.verdict = Some(Verdict::Winner(side.other()));
        } else if self.strokes == 2 * self.rounds {
            self.verdict = Some(Verdict::Draw);
        }
    }

    /// Cuts the rally short because no player of the side to play answered.
    pub fn call_let(&mut self) {
        if let Some(side) = self.to_play() {
            self.verdict = Some(Verdict::Let(side));
        }
    }

    /// Returns how many strokes were played; at most twice the rounds.
    #[must_use]
    pub const fn strokes(&self) -> u16 {
        self.strokes
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Plays the outcomes until the rally is over; returns it with the strokes that counted.
    fn play(rounds: u16, outcomes: &[Outcome]) -> (Rally, Vec<(Side, Outcome)>) {
        let mut rally = Rally::new(rounds);
        let mut strokes = Vec::new();
        for &outcome in outcomes {
            let Some(side) = rally.to_play() else { break };
            strokes.push((side, outcome));
            rally.record(outcome);
        }
        (rally, strokes)
    }

    fn outcomes() -> impl Strategy<Value = Vec<Outcome>> {
        let outcome = prop_oneof![30 => Just(Outcome::Hit), 1 => Just(Outcome::Miss)];
        prop::collection::vec(outcome, 200)
    }

    proptest! {
        #[test]
        fn ping_serves_and_the_sides_alternate(outcomes in outcomes()) {
            let (_, strokes) = play(MAX_ROUNDS, &outcomes);
            for (n, (side, _)) in strokes.iter().enumerate() {
                prop_assert_eq!(*side, Side::BOTH[n % 2]);
            }
        }

        #[test]
        fn exactly_one_miss_ends_a_rally_for_the_other_side_or_there_is_none_and_it_is_a_draw(
            outcomes in outcomes(),
            rounds in 1..=MAX_ROUNDS,
        ) {
            let (rally, strokes) = play(rounds, &outcomes);
            prop_assert!(strokes.len() <= 198);
            prop_assert_eq!(strokes.len(), usize::from(rally.strokes()));
            let misses = strokes.iter().filter(|(_, outcome)| *outcome == Outcome::Miss).count();
            match rally.verdict() {
                Some(Verdict::Winner(side)) => {
                    prop_assert_eq!(misses, 1);
                    prop_assert_eq!(strokes.last(), Some(&(side.other(), Outcome::Miss)));
                }
                Some(Verdict::Draw) => {
                    prop_assert_eq!(misses, 0);
                    prop_assert_eq!(strokes.len(), 2 * usize::from(rounds));
                }
                other => prop_assert!(false, "200 strokes end every rally, this one: {other:?}"),
            }
        }

        #[test]
        fn a_let_blames_the_side_to_play_and_changes_no_rally_that_is_over(
            outcomes in outcomes(),
            cut in 0_usize..200,
        ) {
            let (mut rally, _) = play(MAX_ROUNDS, &outcomes[..cut]);
            let before = rally.clone();
            rally.call_let();
            let blamed = before.to_play().map(Verdict::Let);
            prop_assert_eq!(rally.verdict(), blamed.or(before.verdict()));
        }

        #[test]
        fn nothing_is_recorded_after_the_end(outcomes in outcomes(), late in outcomes()) {
            let (rally, _) = play(MAX_ROUNDS, &outcomes);
            let mut again = rally.clone();
            late.into_iter().for_each(|outcome| again.record(outcome));
            prop_assert_eq!(again, rally);
        }
    }
}
