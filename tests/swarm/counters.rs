//! Counters of a score that are compared one by one.

use std::fmt;
use std::ops::AddAssign;

use game::Score;

/// The rallies and strokes of a score, in one order: won by ping, won by pong, draws, lets,
/// abandoned; hits and misses of ping, of pong.
pub(crate) type Counters = [u64; 9];

/// No rallies and no strokes.
pub(crate) const ZERO: Counters = [0; 9];

pub(crate) fn counters(score: &Score) -> Counters {
    [
        score.ping,
        score.pong,
        score.draws,
        score.lets,
        score.abandoned,
        score.ping_hits,
        score.ping_misses,
        score.pong_hits,
        score.pong_misses,
    ]
}

/// Returns the growth since `base`.
pub(crate) fn growth(now: &Score, base: Option<&Score>) -> Counters {
    let base = base.map_or(ZERO, counters);
    let now = counters(now);
    std::array::from_fn(|n| now[n] - base[n])
}

pub(crate) fn add(one: Counters, other: Counters) -> Counters {
    std::array::from_fn(|n| one[n] + other[n])
}

/// The rallies that reached a verdict, and the strokes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) rallies: u64,
    pub(crate) strokes: u64,
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rallies and {} strokes", self.rallies, self.strokes)
    }
}

impl AddAssign for Totals {
    fn add_assign(&mut self, other: Self) {
        self.rallies += other.rallies;
        self.strokes += other.strokes;
    }
}

pub(crate) fn totals(counters: &Counters) -> Totals {
    Totals { rallies: counters[..4].iter().sum(), strokes: counters[5..].iter().sum() }
}
