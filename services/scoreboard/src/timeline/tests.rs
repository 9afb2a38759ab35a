use proptest::prelude::*;
use protocol::probe::ProbeFailure;
use protocol::service::Service;
use protocol::timeline::TimelineTask;

use super::*;

fn by(n: u32) -> InstanceId {
    InstanceId::new(n)
}

fn task(name: &str) -> TimelineTask {
    TimelineTask {
        service: Service::Ping,
        task: name.parse().expect("a task"),
        release: "1".parse().expect("a name"),
        started: 7,
    }
}

fn path(cause: ProbeFailure) -> TimelineEvent {
    let cause = protocol::path::PathProblem::Broken(cause);
    let [from, to] = ["pi1", "pi2"].map(|node| node.parse().expect("a node"));
    TimelineEvent::Path { from, to: protocol::node::NodeRef::Node(to), cause }
}

fn joined(name: &str) -> TimelineEvent {
    TimelineEvent::Joined(task(name))
}

fn gone(name: &str) -> TimelineEvent {
    TimelineEvent::Gone(task(name))
}

/// Returns what follows from observations, each of a scoreboard at a second; the oldest first.
fn listed(observed: &[(u32, u64, TimelineEvent)]) -> Vec<(u64, TimelineEvent)> {
    let mut timeline = Timeline::new(by(0));
    timeline.merge(observed.iter().map(|(n, second, event)| Observation {
        at: second * 1000,
        by: by(*n),
        is_over: false,
        event: event.clone(),
    }));
    let entries = timeline.entries().iter().rev();
    entries.map(|entry| (entry.at / 1000, entry.event.clone())).collect()
}

#[test]
fn what_two_scoreboards_see_happened_once_when_the_first_saw_it() {
    let ping = "ping.1@pi1";
    let moved = TimelineEvent::Moved { task: task(ping), from: "pi3".parse().expect("a node") };
    let seen = [
        (1, 10, joined(ping)),
        (2, 11, moved.clone()),
        (2, 40, gone(ping)),
        (1, 42, gone(ping)),
        // However late: it was not back in between.
        (3, 90, gone(ping)),
    ];
    assert_eq!(
        listed(&seen),
        [(10, moved), (40, gone(ping))],
        "the one that knew more is believed"
    );
}

#[test]
fn what_one_scoreboard_sees_twice_happened_twice() {
    let ping = "ping.1@pi1";
    let of_one =
        [10, 20].into_iter().flat_map(|at| [(1, at, gone(ping)), (1, at + 1, joined(ping))]);
    // The other one sees each of them after the first has seen the next.
    let of_other =
        [12, 22].into_iter().flat_map(|at| [(2, at, gone(ping)), (2, at + 2, joined(ping))]);
    let both: Vec<_> = of_one.clone().chain(of_other).collect();
    let expected: Vec<_> = of_one.map(|(_, at, event)| (at, event)).collect();
    assert_eq!(listed(&both), expected);
}

#[test]
fn a_broken_path_has_an_end_once_it_is_ok_or_broken_in_another_way() {
    let mut timeline = Timeline::new(by(0));
    let one = |n, at, is_over, cause| Observation { at, by: by(n), is_over, event: path(cause) };
    let (timeout, lost) = (ProbeFailure::Timeout, ProbeFailure::Lost);
    let first =
        [one(1, 1000, false, timeout), one(2, 1800, false, timeout), one(1, 9000, false, lost)];
    timeline.merge(first);
    let entry = |at, end, cause| TimelineEntry { at, end, event: path(cause) };
    let expected = [entry(9000, None, lost), entry(1000, Some(9000), timeout)];
    assert_eq!(timeline.entries(), expected);
    timeline.merge([one(2, 12_000, true, lost), one(1, 12_500, true, lost)]);
    assert_eq!(timeline.entries(), [entry(9000, Some(12_000), lost), expected[1].clone()]);
}

#[test]
fn observations_without_end_are_bounded_and_none_comes_from_the_future() {
    let mut timeline = Timeline::new(by(0));
    let gone = |n: usize, at| Observation {
        at,
        by: by(1),
        is_over: false,
        event: gone(&format!("ping.{n}@pi1")),
    };
    timeline.merge((0..5000).map(|n| gone(n, n as u64)));
    assert_eq!(timeline.observations.len(), MAX_OBSERVATIONS);
    assert_eq!(timeline.entries().len(), MAX_ENTRIES);
    assert_eq!(timeline.entries()[0].at, 4999, "the latest stay");
    timeline.merge((0..5000).map(|n| gone(n, u64::MAX - n as u64)));
    assert_eq!(timeline.entries()[0].at, 4999);
}

#[test]
fn a_scoreboard_that_asks_again_gets_only_what_is_new_in_pages() {
    let mut timeline = Timeline::new(by(0));
    for n in 0..PAGE_SIZE + 10 {
        timeline.saw(gone(&format!("ping.{n}@pi1")));
    }
    let mut other = Timeline::new(by(1));
    let (first, next) = timeline.since(0);
    assert_eq!(first.len(), PAGE_SIZE);
    let (second, next) = timeline.since(next);
    assert_eq!((second.len(), timeline.since(next).0.len()), (10, 0));
    other.merge(first.into_iter().chain(second));
    assert_eq!(other.entries(), timeline.entries());
}

fn observation() -> impl Strategy<Value = Observation> {
    let event = prop_oneof![
        (1..4_u8).prop_map(|n| joined(&format!("ping.{n}@pi1"))),
        (1..4_u8).prop_map(|n| gone(&format!("ping.{n}@pi1"))),
        Just(TimelineEvent::Lost { node: "pi1".parse().expect("a node") }),
        Just(TimelineEvent::Back { node: "pi1".parse().expect("a node") }),
        prop::sample::select(vec![ProbeFailure::Timeout, ProbeFailure::Lost]).prop_map(path),
    ];
    (0..60_000_u64, 1..4_u32, any::<bool>(), event)
        .prop_map(|(at, n, is_over, event)| Observation { at, by: by(n), is_over, event })
}

fn observations() -> impl Strategy<Value = Vec<Observation>> {
    // More than are kept.
    prop::collection::vec(observation(), 0..2 * MAX_OBSERVATIONS / 3)
}

fn merged<'a>(all: impl IntoIterator<Item = &'a Vec<Observation>>) -> Vec<TimelineEntry> {
    let mut timeline = Timeline::new(by(0));
    for observations in all {
        timeline.merge(observations.iter().cloned());
        assert!(timeline.observations.len() <= MAX_OBSERVATIONS);
    }
    timeline.entries().to_vec()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn merging_is_commutative_associative_and_idempotent_even_where_not_all_is_kept(
        a in observations(), b in observations(), c in observations()
    ) {
        let all = merged([&a, &b, &c]);
        prop_assert_eq!(&merged([&c, &b, &a]), &all);
        prop_assert_eq!(&merged([&a, &b, &a, &c, &b, &c]), &all);
        // Through another scoreboard, which keeps what it can.
        let mut between = Timeline::new(by(9));
        between.merge(b.iter().chain(&c).cloned());
        let kept: Vec<_> = between.observations.keys().cloned().collect();
        prop_assert_eq!(&merged([&kept, &a]), &all);
        prop_assert!(all.len() <= MAX_ENTRIES);
        prop_assert!(all.is_sorted_by(|one, other| one.at >= other.at), "the newest first");
    }

    #[test]
    fn an_entry_is_of_an_observation_and_what_one_alone_saw_is_not_lost(seen in observations()) {
        let entries = merged([&seen]);
        for entry in &entries {
            let is_of = |one: &&Observation| one.at == entry.at;
            prop_assert!(seen.iter().any(|one| is_of(&one)), "{:?}", entry);
            prop_assert!(entry.end.is_none_or(|end| end >= entry.at));
        }
        prop_assert_eq!(entries.is_empty(), seen.iter().all(|one| one.is_over && matches!(one.event, TimelineEvent::Path { .. })));
    }
}
