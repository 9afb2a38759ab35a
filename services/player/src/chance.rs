//! How well a player plays.

use std::fmt;
use std::str::FromStr;

use rally::Outcome;
use rand::{Rng, RngExt};

/// Holds the chance of a HIT in percent, 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HitChance(u8);

/// Says that a text is not a chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a chance is a whole number of percent, 0 (always MISS) to 100 (always HIT)")]
pub struct NotAChance;

impl HitChance {
    /// Draws the outcome of one stroke.
    pub fn draw(self, luck: &mut impl Rng) -> Outcome {
        if luck.random_range(1..=100) <= self.0 { Outcome::Hit } else { Outcome::Miss }
    }
}

impl FromStr for HitChance {
    type Err = NotAChance;

    fn from_str(text: &str) -> Result<Self, NotAChance> {
        // The standard parser would take "+85" too.
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let percent = text.parse().ok().filter(|percent| digits && *percent <= 100);
        percent.map(Self).ok_or(NotAChance)
    }
}

impl fmt::Display for HitChance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    use super::*;

    /// Draws 10,000 strokes and returns how many were hits.
    fn hits(chance: HitChance, seed: u64) -> u32 {
        let mut luck = StdRng::seed_from_u64(seed);
        (0..10_000).map(|_| u32::from(chance.draw(&mut luck) == Outcome::Hit)).sum()
    }

    #[test]
    fn only_whole_percents_from_0_to_100_are_chances() {
        assert_eq!("85".parse(), Ok(HitChance(85)));
        for text in ["101", "-1", "abc", "", "+85", "85%", "8.5", "999"] {
            assert_eq!(text.parse::<HitChance>(), Err(NotAChance), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn nought_always_misses_and_a_hundred_always_hits(seed: u64) {
            prop_assert_eq!(hits(HitChance(0), seed), 0);
            prop_assert_eq!(hits(HitChance(100), seed), 10_000);
        }

        #[test]
        fn the_share_of_hits_is_the_chance(percent in 1_u8..100, seed: u64) {
            // Six standard deviations of 10,000 draws: one test in 500 million fails by chance.
            let (n, p) = (10_000.0, f64::from(percent) / 100.0);
            let off = (f64::from(hits(HitChance(percent), seed)) - n * p).abs();
            prop_assert!(off <= 6.0 * (n * p * (1.0 - p)).sqrt(), "off by {off}");
        }
    }
}
