//! The verdict of a rally.

use std::fmt;

use crate::Side;

/// How a rally ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The other side missed.
    Winner(Side),
    /// Every round was played without a miss.
    Draw,
    /// No player of this side answered, so the rally was cut short and scores for nobody.
    Let(Side),
}

impl Verdict {
    /// Returns the verdict in one word, for logs, metrics and JSON: `ping`, `pong`, `draw` or `let`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Winner(side) => side.name(),
            Self::Draw => "draw",
            Self::Let(_) => "let",
        }
    }
}

/// Formats the last line of a rally, without its line end.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Winner(side) => write!(f, "The winner is {side}"),
            Self::Draw => f.write_str("DRAW"),
            Self::Let(side) => write!(f, "LET: no {side} player answered"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_reads_as_the_last_line_of_a_rally() {
        let lines = [
            (Verdict::Winner(Side::Pong), "The winner is PONG"),
            (Verdict::Draw, "DRAW"),
            (Verdict::Let(Side::Ping), "LET: no PING player answered"),
        ];
        for (verdict, line) in lines {
            assert_eq!(verdict.to_string(), line);
        }
    }
}
