use proptest::prelude::*;

use super::*;

const OK: ProbeOutcome = ProbeOutcome::Answered(Duration::from_micros(300));
const LATE: ProbeOutcome = ProbeOutcome::NotConnected(ProbeFailure::Timeout);

/// A network: the outcome of a small and of a large probe.
type Net = [ProbeOutcome; 2];
const INTACT: Net = [OK, OK];
const CUT: Net = [LATE, LATE];
const SMALL_ONLY: Net = [OK, ProbeOutcome::NotAnswered(ProbeFailure::NoAnswer)];

/// How long a probe may take until it is given up.
const TIMEOUT: Duration = Duration::from_millis(1200);

/// Probes once; returns how long it takes until the next probe.
fn step(health: &mut PathHealth, net: Net) -> Duration {
    let size = health.next_size();
    let outcome = net[usize::from(size == ProbeSize::Large)];
    health.record(size, outcome);
    let took = if matches!(outcome, ProbeOutcome::Answered(_)) { Duration::ZERO } else { TIMEOUT };
    took + health.pause()
}

/// Probes until the path is in a state; returns the longest that can have taken since the network
/// became so.
fn until(health: &mut PathHealth, net: Net, state: Option<ProbeFailure>) -> Duration {
    // It may have become so just after a probe.
    let mut time = PROBE_INTERVAL + PROBE_INTERVAL / 5;
    loop {
        let step = step(health, net);
        if health.broken == state {
            return time + TIMEOUT;
        }
        time += step + PROBE_INTERVAL / 5;
        assert!(time < Duration::from_secs(60), "never {state:?}: {health:?}");
    }
}

#[test]
fn every_failure_is_named_within_twelve_seconds_and_cleared_within_nine() {
    for (net, cause) in [
        (CUT, ProbeFailure::Timeout),
        ([ProbeOutcome::NotConnected(ProbeFailure::Refused); 2], ProbeFailure::Refused),
        ([ProbeOutcome::NotAnswered(ProbeFailure::NoAnswer); 2], ProbeFailure::NoAnswer),
        ([ProbeOutcome::NotAnswered(ProbeFailure::Reset); 2], ProbeFailure::Reset),
        ([ProbeOutcome::NotAnswered(ProbeFailure::InvalidAnswer); 2], ProbeFailure::InvalidAnswer),
        (SMALL_ONLY, ProbeFailure::LargePackets),
    ] {
        for random in 0..12 {
            let mut health = PathHealth::new(random, None);
            (0..random).for_each(|_| {
                let _ = step(&mut health, INTACT);
            });
            let named = until(&mut health, net, Some(cause));
            assert!(named <= Duration::from_secs(12), "{cause:?} after {named:?}");
            (0..random).for_each(|_| {
                let _ = step(&mut health, net);
            });
            assert_eq!(health.broken, Some(cause), "and it stays so");
            let cleared = until(&mut health, INTACT, None);
            assert!(cleared <= Duration::from_secs(9), "{cause:?} cleared after {cleared:?}");
        }
    }
}

#[test]
fn a_cut_that_heals_for_small_packets_only_is_renamed() {
    let mut health = PathHealth::new(0, None);
    until(&mut health, CUT, Some(ProbeFailure::Timeout));
    until(&mut health, SMALL_ONLY, Some(ProbeFailure::LargePackets));
    until(&mut health, CUT, Some(ProbeFailure::Timeout));
    until(&mut health, INTACT, None);
}

#[test]
fn a_path_whose_datagrams_are_answered_while_probes_are_not_carries_no_data() {
    let hung = [ProbeOutcome::NotAnswered(ProbeFailure::NoAnswer); 2];
    let answered = News { sent: 3, ..News::default() };
    let mut health = PathHealth::new(0, None);
    step(&mut health, hung);
    health.record_loss(None, answered);
    until(&mut health, hung, Some(ProbeFailure::NoAnswer));
    health.record_loss(None, News { lost: 3, ..answered });
    assert_eq!(health.broken, Some(ProbeFailure::NoAnswer), "they were answered before it hung");
    health.record_loss(None, answered);
    assert_eq!(health.broken, Some(ProbeFailure::NoData));
    step(&mut health, hung);
    assert_eq!(health.broken, Some(ProbeFailure::NoData), "and it stays so");
    until(&mut health, INTACT, None);
    until(&mut health, hung, Some(ProbeFailure::NoAnswer));
    until(&mut health, CUT, Some(ProbeFailure::Timeout));
}

#[test]
fn round_trips_are_of_the_latest_probes() {
    let mut health = PathHealth::new(0, None);
    let to: NodeRef = "pi2".parse().expect("a name");
    let measured = health.measurement(to.clone());
    assert_eq!((measured.median, measured.p99, measured.sent), (None, None, 0));
    for micros in (1..=1000).rev() {
        health.record(ProbeSize::Small, ProbeOutcome::Answered(Duration::from_micros(micros)));
    }
    health.record(ProbeSize::Small, LATE);
    let measured = health.measurement(to);
    assert_eq!((measured.median, measured.p99), (Some(64), Some(127)));
    assert_eq!((measured.sent, measured.lost, measured.cause), (32, 1, None));
}

#[test]
fn a_path_that_was_broken_before_is_ok_after_two_answers() {
    let refused = Some(ProbeFailure::Refused);
    let mut health = PathHealth::new(0, refused);
    step(&mut health, INTACT);
    assert_eq!(health.broken, refused);
    step(&mut health, INTACT);
    assert_eq!(health.broken, None);
}

fn outcome() -> impl Strategy<Value = ProbeOutcome> {
    prop_oneof![
        Just(OK),
        Just(LATE),
        Just(ProbeOutcome::NotConnected(ProbeFailure::Refused)),
        Just(ProbeOutcome::NotAnswered(ProbeFailure::NoAnswer)),
        Just(ProbeOutcome::NotAnswered(ProbeFailure::InvalidAnswer)),
    ]
}

proptest! {
    #[test]
    fn one_failure_among_answers_never_breaks_a_path(
        between in prop::collection::vec(2_usize..20, 1..20),
        failures in prop::collection::vec(outcome(), 20),
    ) {
        let mut health = PathHealth::new(0, None);
        for (answers, failure) in between.into_iter().zip(failures) {
            // Two that are answered, the large one among them if that had failed.
            (0..answers).for_each(|_| { let _ = step(&mut health, INTACT); });
            step(&mut health, [failure; 2]);
            prop_assert_eq!(health.broken, None);
        }
    }

    #[test]
    fn state_converges_from_any_history(
        past in prop::collection::vec((outcome(), outcome()), 0..60),
    ) {
        for (net, state) in
            [(INTACT, None), (CUT, Some(ProbeFailure::Timeout)), (SMALL_ONLY, Some(ProbeFailure::LargePackets))]
        {
            let mut health = PathHealth::new(1, None);
            for (small, large) in &past {
                step(&mut health, [*small, *large]);
            }
            let took = until(&mut health, net, state);
            prop_assert!(took <= Duration::from_secs(14), "{:?} after {:?}", state, took);
        }
    }

    #[test]
    fn no_path_is_probed_more_than_twice_a_second(
        past in prop::collection::vec((outcome(), outcome()), 0..60),
    ) {
        let mut health = PathHealth::new(2, None);
        for (small, large) in past {
            prop_assert!(step(&mut health, [small, large]) >= RETRY_INTERVAL);
        }
    }
}
