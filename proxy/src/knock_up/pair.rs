//! What is known of the way to one other node: how long a knock takes, whether it is broken and why,
//! and when and how to knock next.
//!
//! One knock that fails is only asked again, soon, and larger or smaller where that tells more. A
//! way is broken after three knocks in a row that fail, or after two large ones with a small one
//! that arrives between them; it is whole again after two in a row that arrive, with a large one
//! among them if those were lost. Like that the worst case from the first lost packet to the verdict
//! is 9 s, and no single packet, lost or late, is a verdict.

use std::time::Duration;

use court::knock::{Cause, Pair as Told};
use court::latest::Latest;
use court::task::Name;

/// The time between two knocks when there is nothing to find out; varied by a fifth, so that nodes
/// do not knock in step.
pub(crate) const EVERY: Duration = Duration::from_secs(2);

/// The time between two knocks while a verdict is due.
const AGAIN: Duration = Duration::from_millis(500);

/// Of how many knocks one is large: each 6 s, since large packets lost must be told of within 15 s.
const LARGE_EVERY: u32 = 3;

/// How many knocks in a row make a way broken when they fail.
const FAIL: u32 = 3;

/// How many large knocks in a row make it lose large packets when they fail.
const LARGE_FAIL: u32 = 2;

/// How many knocks in a row make it whole again when they arrive.
const ARRIVE: u32 = 2;

/// Says whether a knock fills the largest packet there can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    Small,
    Large,
}

/// Tells what became of a knock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was answered; a connection took this long.
    Answered(Duration),
    /// No connection came about.
    Unreached(Cause),
    /// A connection came about, but no answer.
    Unanswered(Cause),
}

/// Keeps what is known of the way to one node.
#[derive(Debug)]
pub(crate) struct Pair {
    /// Round trips: those of about four minutes.
    times: Latest,
    /// A bit for each of the latest knocks, set if it failed.
    failures: u32,
    knocks: u32,
    /// Knocks since the last large one.
    since_large: u32,
    /// How many in a row arrived, of whichever size.
    arrived: u32,
    /// How many in a row failed for another reason than being large.
    failed: u32,
    /// How many large ones in a row failed after they had made a connection.
    large_failed: u32,
    /// Whether the last one of all was large and failed.
    large_is_to_blame: bool,
    cause: Option<Cause>,
    broken: Option<Cause>,
}

impl Pair {
    /// Makes one of a node never knocked at; `luck` spreads the large knocks over time.
    pub(crate) fn new(luck: u32) -> Self {
        Self {
            times: Latest::default(),
            failures: 0,
            knocks: 0,
            since_large: luck % LARGE_EVERY,
            arrived: 0,
            failed: 0,
            large_failed: 0,
            large_is_to_blame: false,
            cause: None,
            broken: None,
        }
    }

    /// Returns why the way is broken, if it is.
    pub(crate) const fn broken(&self) -> Option<Cause> {
        self.broken
    }

    /// Says how large the next knock is to be.
    pub(crate) fn size(&self) -> Size {
        let large = match (self.failed, self.large_failed) {
            // A way that comes back must prove it can carry both.
            (0, 0) => self.broken.is_some() || self.since_large + 1 >= LARGE_EVERY,
            (0, _) => !self.large_is_to_blame,
            _ => false,
        };
        if large { Size::Large } else { Size::Small }
    }

    /// Says how long to wait before the next knock.
    pub(crate) fn pause(&self) -> Duration {
        let due = match (self.failed, self.large_failed) {
            (0, 0) => self.broken.is_some(),
            (0, large) => large < LARGE_FAIL,
            (failed, _) => failed < FAIL,
        };
        if due { AGAIN } else { EVERY }
    }

    /// Takes in what became of a knock.
    pub(crate) fn record(&mut self, size: Size, outcome: Outcome) {
        let answered = matches!(outcome, Outcome::Answered(_));
        self.failures = self.failures << 1 | u32::from(!answered);
        self.knocks = self.knocks.saturating_add(1);
        self.since_large = if size == Size::Large { 0 } else { self.since_large.saturating_add(1) };
        self.large_is_to_blame = false;
        match outcome {
            Outcome::Answered(time) => {
                self.times.add(time.as_micros());
                self.arrived = self.arrived.saturating_add(1);
                self.failed = 0;
                if size == Size::Large {
                    self.large_failed = 0;
                }
            }
            Outcome::Unanswered(Cause::Timeout | Cause::Reset) if size == Size::Large => {
                self.arrived = 0;
                self.large_failed = self.large_failed.saturating_add(1);
                self.large_is_to_blame = true;
            }
            Outcome::Unreached(cause) | Outcome::Unanswered(cause) => {
                self.arrived = 0;
                self.failed = self.failed.saturating_add(1);
                self.cause = Some(cause);
            }
        }
        self.judge();
    }

    fn judge(&mut self) {
        if self.failed >= FAIL {
            self.broken = self.cause;
        } else if self.failed == 0 && self.large_failed >= LARGE_FAIL {
            self.broken = Some(Cause::LargePackets);
        } else if self.arrived >= ARRIVE && self.large_failed == 0 {
            self.broken = None;
        }
    }

    /// Tells all of it under the node's name.
    pub(crate) fn tell(&self, to: Name) -> Told {
        let [median, p99] = self.times.median_and_p99();
        Told {
            to,
            cause: self.broken,
            median,
            p99,
            knocks: self.knocks.min(u32::BITS),
            failures: self.failures.count_ones(),
        }
    }
}

#[cfg(test)]
mod tests;
