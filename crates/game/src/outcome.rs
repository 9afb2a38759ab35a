//! The outcome of a stroke.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The outcome of an answered stroke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Outcome {
    /// The ball came back over the net.
    Hit,
    /// The ball was lost, and with it the rally.
    Miss,
}

impl Outcome {
    /// Both outcomes.
    pub const BOTH: [Self; 2] = [Self::Hit, Self::Miss];

    /// Returns the outcome as a player writes it on the wire: `HIT` or `MISS`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hit => "HIT",
            Self::Miss => "MISS",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The error returned when a player's answer is not exactly `HIT` or `MISS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidOutcome;

impl TryFrom<&[u8]> for Outcome {
    type Error = InvalidOutcome;

    fn try_from(body: &[u8]) -> Result<Self, InvalidOutcome> {
        Self::BOTH
            .into_iter()
            .find(|outcome| outcome.name().as_bytes() == body)
            .ok_or(InvalidOutcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_exact_hit_and_miss_are_outcomes() {
        assert_eq!(Outcome::try_from(b"HIT".as_slice()), Ok(Outcome::Hit));
        assert_eq!(Outcome::try_from(b"MISS".as_slice()), Ok(Outcome::Miss));
        for noise in ["", "HIT\n", "hit", "MIS", "MISSED", " HIT"] {
            assert_eq!(Outcome::try_from(noise.as_bytes()), Err(InvalidOutcome));
        }
    }
}
