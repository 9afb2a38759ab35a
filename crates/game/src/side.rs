//! The two sides of the table.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// One of the two sides; ping serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Side {
    /// The side that serves.
    Ping,
    /// The side that returns.
    Pong,
}

impl Side {
    /// Both sides, in the order they play.
    pub const BOTH: [Self; 2] = [Self::Ping, Self::Pong];

    /// Returns the side across the table.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Ping => Self::Pong,
            Self::Pong => Self::Ping,
        }
    }

    /// Returns the name in lower case, as options, metrics and service names spell it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::Pong => "pong",
        }
    }
}

/// Formats the name in capitals, as the game's text spells it.
impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Ping => "PING",
            Self::Pong => "PONG",
        })
    }
}

/// The error returned when a text is neither `ping` nor `pong`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct InvalidSide;

impl fmt::Display for InvalidSide {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a side is ping or pong")
    }
}

impl std::error::Error for InvalidSide {}

impl FromStr for Side {
    type Err = InvalidSide;

    fn from_str(text: &str) -> Result<Self, InvalidSide> {
        Self::BOTH.into_iter().find(|side| side.name() == text).ok_or(InvalidSide)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_is_read_from_its_own_name_and_from_nothing_else() {
        for side in Side::BOTH {
            assert_eq!(side.name().parse(), Ok(side));
            assert_eq!(side.other().other(), side);
        }
        for text in ["", "PING", "ping ", "pingpong"] {
            assert_eq!(text.parse::<Side>(), Err(InvalidSide));
        }
    }
}
