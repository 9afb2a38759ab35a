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

/// How many round trips are remembered: those of about four minutes.
const SAMPLES: usize = 128;

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
    /// The latest round trips in microseconds, the oldest overwritten first.
    times: Vec<u32>,
    next: usize,
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
            times: Vec::new(),
            next: 0,
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
                self.remember(time);
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

    fn remember(&mut self, time: Duration) {
        let micros = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
        if self.times.len() < SAMPLES {
            self.times.push(micros);
        } else {
            self.times[self.next] = micros;
        }
        self.next = (self.next + 1) % SAMPLES;
    }

    /// Tells all of it under the node's name.
    pub(crate) fn tell(&self, to: Name) -> Told {
        let mut times = self.times.clone();
        times.sort_unstable();
        let rank = |percent: usize| times.get((times.len() * percent).div_ceil(100).max(1) - 1);
        Told {
            to,
            cause: self.broken,
            median: rank(50).copied(),
            p99: rank(99).copied(),
            knocks: self.knocks.min(u32::BITS),
            failures: self.failures.count_ones(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const OK: Outcome = Outcome::Answered(Duration::from_micros(300));
    const LATE: Outcome = Outcome::Unreached(Cause::Timeout);

    /// A network: what becomes of a small and of a large knock.
    type Net = [Outcome; 2];
    const WHOLE: Net = [OK, OK];
    const CUT: Net = [LATE, LATE];
    const SMALL_ONLY: Net = [OK, Outcome::Unanswered(Cause::Timeout)];

    /// How long a knock may take until it is given up.
    const TAKES: Duration = Duration::from_millis(1200);

    /// Knocks once and returns how long it takes until the next knock.
    fn step(pair: &mut Pair, net: Net) -> Duration {
        let size = pair.size();
        let outcome = net[usize::from(size == Size::Large)];
        pair.record(size, outcome);
        let took = if matches!(outcome, Outcome::Answered(_)) { Duration::ZERO } else { TAKES };
        took + pair.pause()
    }

    /// Knocks until the verdict is this, and returns the longest it can have taken since the network
    /// became so.
    fn until(pair: &mut Pair, net: Net, verdict: Option<Cause>) -> Duration {
        // It may have become so just after a knock.
        let mut time = EVERY + EVERY / 5;
        loop {
            let step = step(pair, net);
            if pair.broken() == verdict {
                return time + TAKES;
            }
            time += step + EVERY / 5;
            assert!(time < Duration::from_secs(60), "never {verdict:?}: {pair:?}");
        }
    }

    #[test]
    fn every_trouble_is_named_within_eleven_seconds_and_cleared_within_eight() {
        for (net, cause) in [
            (CUT, Cause::Timeout),
            ([Outcome::Unreached(Cause::Refused); 2], Cause::Refused),
            ([Outcome::Unanswered(Cause::Timeout); 2], Cause::Timeout),
            ([Outcome::Unanswered(Cause::Reset); 2], Cause::Reset),
            ([Outcome::Unanswered(Cause::Answer); 2], Cause::Answer),
            (SMALL_ONLY, Cause::LargePackets),
        ] {
            for luck in 0..12 {
                let mut pair = Pair::new(luck);
                (0..luck).for_each(|_| {
                    let _ = step(&mut pair, WHOLE);
                });
                let named = until(&mut pair, net, Some(cause));
                // Large ones come each third time only.
                let most = if cause == Cause::LargePackets { 11_500 } else { 10_500 };
                assert!(named <= Duration::from_millis(most), "{cause:?} after {named:?}");
                (0..luck).for_each(|_| {
                    let _ = step(&mut pair, net);
                });
                assert_eq!(pair.broken(), Some(cause), "and it stays so");
                let cleared = until(&mut pair, WHOLE, None);
                assert!(cleared <= Duration::from_secs(8), "{cause:?} cleared after {cleared:?}");
            }
        }
    }

    #[test]
    fn a_cut_that_heals_for_small_packets_only_is_renamed() {
        let mut pair = Pair::new(0);
        until(&mut pair, CUT, Some(Cause::Timeout));
        until(&mut pair, SMALL_ONLY, Some(Cause::LargePackets));
        until(&mut pair, CUT, Some(Cause::Timeout));
        until(&mut pair, WHOLE, None);
    }

    #[test]
    fn the_round_trips_told_are_those_of_the_latest_knocks() {
        let mut pair = Pair::new(0);
        let name = Name::from_any("pi2");
        let told = pair.tell(name.clone());
        assert_eq!((told.median, told.p99, told.knocks), (None, None, 0));
        for micros in (1..=1000).rev() {
            pair.record(Size::Small, Outcome::Answered(Duration::from_micros(micros)));
        }
        pair.record(Size::Small, LATE);
        let told = pair.tell(name);
        assert_eq!((told.median, told.p99), (Some(64), Some(127)));
        assert_eq!((told.knocks, told.failures, told.cause), (32, 1, None));
    }

    fn outcome() -> impl Strategy<Value = Outcome> {
        prop_oneof![
            Just(OK),
            Just(LATE),
            Just(Outcome::Unreached(Cause::Refused)),
            Just(Outcome::Unanswered(Cause::Timeout)),
            Just(Outcome::Unanswered(Cause::Answer)),
        ]
    }

    proptest! {
        #[test]
        fn one_failure_among_answers_is_never_a_verdict(
            between in prop::collection::vec(2_usize..20, 1..20),
            failures in prop::collection::vec(outcome(), 20),
        ) {
            let mut pair = Pair::new(0);
            for (answers, failure) in between.into_iter().zip(failures) {
                // Two that are answered, the large one among them if that had failed.
                (0..answers).for_each(|_| { let _ = step(&mut pair, WHOLE); });
                step(&mut pair, [failure; 2]);
                prop_assert_eq!(pair.broken(), None);
            }
        }

        #[test]
        fn whatever_has_happened_the_truth_comes_out(
            past in prop::collection::vec((outcome(), outcome()), 0..60),
        ) {
            for (net, verdict) in
                [(WHOLE, None), (CUT, Some(Cause::Timeout)), (SMALL_ONLY, Some(Cause::LargePackets))]
            {
                let mut pair = Pair::new(1);
                for (small, large) in &past {
                    step(&mut pair, [*small, *large]);
                }
                let took = until(&mut pair, net, verdict);
                prop_assert!(took <= Duration::from_secs(14), "{:?} after {:?}", verdict, took);
            }
        }

        #[test]
        fn nobody_is_knocked_at_more_than_twice_a_second(
            past in prop::collection::vec((outcome(), outcome()), 0..60),
        ) {
            let mut pair = Pair::new(2);
            for (small, large) in past {
                prop_assert!(step(&mut pair, [small, large]) >= AGAIN);
            }
        }
    }
}
