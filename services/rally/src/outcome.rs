//! What a stroke comes to.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Tells what an answered stroke came to.
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

/// Says that a player's answer is neither `HIT` nor `MISS` to the letter, and so a fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnOutcome;

impl TryFrom<&[u8]> for Outcome {
    type Error = NotAnOutcome;

    fn try_from(body: &[u8]) -> Result<Self, NotAnOutcome> {
        Self::BOTH.into_iter().find(|outcome| outcome.name().as_bytes() == body).ok_or(NotAnOutcome)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hit_and_miss_to_the_letter_are_outcomes() {
        assert_eq!(Outcome::try_from(b"HIT".as_slice()), Ok(Outcome::Hit));
        assert_eq!(Outcome::try_from(b"MISS".as_slice()), Ok(Outcome::Miss));
        for noise in ["", "HIT\n", "hit", "MIS", "MISSED", " HIT"] {
            assert_eq!(Outcome::try_from(noise.as_bytes()), Err(NotAnOutcome));
        }
    }
}
