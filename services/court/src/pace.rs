//! Lengths of time as people write them, held to what makes sense.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// The slowest pace, so that the longest rally ends within 17 minutes.
const SLOWEST: Duration = Duration::from_secs(5);

/// Holds the pause between two strokes of a rally: `0ms` (full speed) to `5s`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace(Duration);

impl Pace {
    /// Returns the pause.
    #[must_use]
    pub const fn pause(self) -> Duration {
        self.0
    }

    /// Tells whether a rally is played as fast as it goes.
    #[must_use]
    pub const fn is_full_speed(self) -> bool {
        self.0.is_zero()
    }
}

/// Says what is wrong with a length of time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotADuration {
    /// It is no length of time at all.
    #[error("'{0}' is not a length of time, such as 300ms or 2s")]
    Unreadable(String),
    /// It is longer or shorter than the option allows.
    #[error("{0} is not within {1} to {2}")]
    OutOfRange(humantime::Duration, humantime::Duration, humantime::Duration),
}

/// Reads a length of time, such as `300ms` or `2s`, that is between two others.
///
/// # Errors
///
/// [`NotADuration`], which names the text and, if it is one, the range it misses.
pub fn duration(text: &str, least: Duration, most: Duration) -> Result<Duration, NotADuration> {
    // A bare 0 needs no unit.
    let read = if text == "0" { Ok(Duration::ZERO) } else { humantime::parse_duration(text) };
    let duration = read.map_err(|_| NotADuration::Unreadable(text.to_owned()))?;
    if (least..=most).contains(&duration) {
        return Ok(duration);
    }
    let [duration, least, most] = [duration, least, most].map(Into::into);
    Err(NotADuration::OutOfRange(duration, least, most))
}

impl FromStr for Pace {
    type Err = NotADuration;

    fn from_str(text: &str) -> Result<Self, NotADuration> {
        duration(text, Duration::ZERO, SLOWEST).map(Self)
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
    fn a_pace_is_nought_to_five_seconds() {
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
        assert_eq!(refusal("6s"), "6s is not within 0s to 5s");
        assert_eq!(refusal("fast"), "'fast' is not a length of time, such as 300ms or 2s");
    }
}
