//! How well a player plays.

use std::fmt;
use std::str::FromStr;

use game::Outcome;
use rand::{Rng, RngExt};

/// The chance of a HIT in percent, 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HitChance(u8);

/// The error returned when a text is not a hit chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("hit chance must be an integer from 0 to 100")]
pub struct InvalidChance;

impl HitChance {
    /// Draws the outcome of one stroke.
    pub fn draw(self, random: &mut impl Rng) -> Outcome {
        if random.random_range(1..=100) <= self.0 { Outcome::Hit } else { Outcome::Miss }
    }
}

impl FromStr for HitChance {
    type Err = InvalidChance;

    fn from_str(text: &str) -> Result<Self, InvalidChance> {
        // The standard parser would accept "+85" too.
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let percent = text.parse().ok().filter(|percent| digits && *percent <= 100);
        percent.map(Self).ok_or(InvalidChance)
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
        let mut random = StdRng::seed_from_u64(seed);
        (0..10_000).map(|_| u32::from(chance.draw(&mut random) == Outcome::Hit)).sum()
    }

    #[test]
    fn only_integers_from_0_to_100_are_chances() {
        assert_eq!("85".parse(), Ok(HitChance(85)));
        for text in ["101", "-1", "abc", "", "+85", "85%", "8.5", "999"] {
            assert_eq!(text.parse::<HitChance>(), Err(InvalidChance), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn zero_always_misses_and_a_hundred_always_hits(seed: u64) {
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
