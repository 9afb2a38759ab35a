//! Durations as people write them, within limits.

use std::time::Duration;

/// The error returned when a text is not a duration, or one out of range.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDuration {
    /// It is not a duration.
    #[error("'{0}' is not a duration, such as 300ms or 2s")]
    Unreadable(String),
    /// It is longer or shorter than the option allows.
    #[error("{0} is out of range ({1} to {2})")]
    OutOfRange(humantime::Duration, humantime::Duration, humantime::Duration),
}

/// Parses a duration, such as `300ms` or `2s`, that is between two others.
///
/// # Errors
///
/// [`InvalidDuration`], which names the text and, if it is a duration, the range.
pub fn parse_duration(
    text: &str,
    min: Duration,
    max: Duration,
) -> Result<Duration, InvalidDuration> {
    // A bare 0 needs no unit.
    let parsed = if text == "0" { Ok(Duration::ZERO) } else { humantime::parse_duration(text) };
    let duration = parsed.map_err(|_| InvalidDuration::Unreadable(text.to_owned()))?;
    if (min..=max).contains(&duration) {
        return Ok(duration);
    }
    Err(InvalidDuration::OutOfRange(duration.into(), min.into(), max.into()))
}
