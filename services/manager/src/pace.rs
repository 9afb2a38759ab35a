//! The pace of a rally.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use protocol::timing::MAX_PACE;
use server::duration::{InvalidDuration, parse_duration};

/// The pause between two strokes of a rally: `0ms` (full speed) to `5s`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace(Duration);

impl Pace {
    /// Returns the pause.
    #[must_use]
    pub const fn pause(self) -> Duration {
        self.0
    }

    /// Returns whether a rally is played as fast as possible.
    #[must_use]
    pub const fn is_full_speed(self) -> bool {
        self.0.is_zero()
    }
}

impl FromStr for Pace {
    type Err = InvalidDuration;

    fn from_str(text: &str) -> Result<Self, InvalidDuration> {
        parse_duration(text, Duration::ZERO, MAX_PACE).map(Self)
    }
}

impl fmt::Display for Pace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_full_speed() {
            f.write_str("0ms")
        } else {
            humantime::format_duration(self.0).fmt(f)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_zero_to_five_seconds() {
        for (text, millis) in
            [("0", 0), ("0ms", 0), ("300ms", 300), ("1s 500ms", 1500), ("5s", 5000)]
        {
            assert_eq!(text.parse().map(Pace::pause), Ok(Duration::from_millis(millis)));
        }
        for text in ["", "300", "-1s", "fast", "5001ms", "6s", "99999999999999999999s"] {
            assert!(text.parse::<Pace>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_refusal_names_what_was_given_and_what_is_allowed() {
        let refusal = |text: &str| text.parse::<Pace>().expect_err("refused").to_string();
        assert_eq!(refusal("6s"), "6s is out of range (0s to 5s)");
        assert_eq!(refusal("fast"), "'fast' is not a duration, such as 300ms or 2s");
    }
}
