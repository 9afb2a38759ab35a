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
