use proptest::prelude::*;
use protocol::name::Name;

use super::*;

/// Returns the counters of an instance after so many rallies; each instance plays differently.
fn after(instance: u8, rallies: u64) -> Score {
    let instance = u64::from(instance);
    Score {
        ping: rallies,
        pong: rallies / (instance + 1),
        draws: rallies / 100,
        ping_hits: 3 * rallies,
        ping_misses: rallies / (instance + 1),
        pong_misses: rallies,
        faults: rallies / 7,
        longest: u16::try_from(rallies.min(198)).expect("small"),
        ..Score::default()
    }
}

fn id(instance: u8) -> InstanceId {
    Name::from_any(&format!("instance{instance}")).into()
}

/// What scoreboards receive: instances, and how many rallies each had played by then.
type Received = Vec<(u8, u64)>;

fn received() -> impl Strategy<Value = Received> {
    prop::collection::vec((0_u8..12, 0_u64..1000), 0..40)
}

fn manager(n: u8) -> Source {
    Source::Manager(([10, 0, 9, n], 3000).into())
}

fn scoreboard(n: u8) -> Source {
    Source::Scoreboard(([10, 0, 9, n], 3000).into())
}

fn scores(received: &Received) -> ManagerScores {
    let mut scores = ManagerScores::default();
    for (instance, rallies) in received {
        let merged = scores.merge(manager(*instance), &id(*instance), after(*instance, *rallies));
        merged.expect("plausible");
    }
    scores
}

fn join(mut one: ManagerScores, other: &ManagerScores) -> ManagerScores {
    let mut from = 0;
    loop {
        let (changed, next) = other.since(from);
        if changed.is_empty() {
            return one;
        }
        for (instance, score) in changed {
            one.merge(scoreboard(1), &instance, score).expect("plausible");
        }
        from = next;
    }
}

fn all(scores: &ManagerScores) -> Vec<(InstanceId, Score)> {
    let (mut all, _) = scores.since(0);
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all
}

/// What anybody may send.
fn any_score() -> impl Strategy<Value = Score> {
    let count = || prop_oneof![0..1000_u64, any::<u64>()];
    let counts = prop::array::uniform10(count());
    let score = |(counts, longest): ([u64; 10], u16)| {
        let [ping, pong, draws, lets, abandoned, hits, misses, pong_hits, pong_misses, faults] =
            counts;
        let (ping_hits, ping_misses) = (hits, misses);
        let sides = Score {
            ping,
            pong,
            ping_hits,
            ping_misses,
            pong_hits,
            pong_misses,
            ..Score::default()
        };
        Score { draws, lets, abandoned, faults, longest, ..sides }
    };
    (counts, any::<u16>()).prop_map(score)
}

/// What hostile peers send: who, of which instance, and its counters.
fn hostile() -> impl Strategy<Value = Vec<(Source, u8, Score)>> {
    let source = (20..24_u8, any::<bool>());
    let source =
        source.prop_map(|(n, is_manager)| if is_manager { manager(n) } else { scoreboard(n) });
    let played = (0..250_u8, 0..1_000_000_u64).prop_map(|(n, rallies)| after(n, rallies));
    let score = prop_oneof![3 => played, 1 => any_score()];
    prop::collection::vec((source, 100..250_u8, score), 0..80)
}

const FEW: Limits = Limits { all: 30, of_manager: 3, of_scoreboard: 7 };

proptest! {
    #[test]
    fn merging_is_commutative_associative_and_idempotent(
        a in received(), b in received(), c in received(),
    ) {
        let ab = join(scores(&a), &scores(&b));
        prop_assert_eq!(all(&ab), all(&join(scores(&b), &scores(&a))));
        let bc = join(scores(&b), &scores(&c));
        let left = all(&join(ab, &scores(&c)));
        prop_assert_eq!(left, all(&join(scores(&a), &bc)));
        prop_assert_eq!(all(&join(scores(&a), &scores(&a))), all(&scores(&a)));
    }

    #[test]
    fn merging_loses_nothing_and_counts_nothing_twice(a in received(), b in received()) {
        let mut greatest: HashMap<u8, u64> = HashMap::new();
        for (instance, rallies) in a.iter().chain(&b) {
            let known = greatest.entry(*instance).or_default();
            *known = (*known).max(*rallies);
        }
        let mut counted = Score::default();
        greatest.into_iter().for_each(|(instance, rallies)| counted += after(instance, rallies));
        let merged = join(scores(&a), &scores(&b));
        prop_assert_eq!(merged.total(), counted);
    }

    #[test]
    fn whatever_peers_send_no_counter_falls_and_memory_is_bounded(sent in hostile()) {
        let mut scores = ManagerScores::with_limits(FEW);
        for (source, instance, score) in sent {
            let before = scores.total();
            let _ = scores.merge(source, &id(instance), score);
            prop_assert_eq!(before.newer(scores.total()), scores.total());
            prop_assert!(scores.len() <= FEW.all);
            for source in [source, manager(20), scoreboard(23)] {
                let of_peer = scores.instances.values().filter(|known| known.source == source);
                prop_assert!(of_peer.count() <= FEW.of(source));
            }
        }
    }

    #[test]
    fn whatever_peers_send_what_others_have_played_counts(
        played in received(), sent in hostile(), order in any::<u64>(),
    ) {
        // Four managers and four scoreboards take 40 places at most.
        let limits = Limits { all: 40 + 12, ..FEW };
        let (mut scores, mut alone) = [limits; 2].map(ManagerScores::with_limits).into();
        let mut played = played.iter();
        for (n, (source, instance, score)) in sent.into_iter().enumerate() {
            if order >> (n % 64) & 1 == 1 && let Some((instance, rallies)) = played.next() {
                let score = after(*instance, *rallies);
                for scores in [&mut scores, &mut alone] {
                    scores.merge(manager(*instance), &id(*instance), score).expect("room");
                }
            }
            let _ = scores.merge(source, &id(instance), score);
        }
        for (instance, score) in all(&alone) {
            prop_assert_eq!(scores.instances[&instance].score, score);
        }
    }

    #[test]
    fn deltas_add_up_to_the_total(counts in prop::collection::vec(1_u64..1000, 1..20)) {
        let mut scores = ManagerScores::default();
        let mut growth = 0;
        for rallies in &counts {
            let grown = scores.merge(manager(1), &id(1), after(1, *rallies)).expect("plausible");
            growth += grown.unwrap_or_default().rallies;
        }
        prop_assert_eq!(after(1, counts[0]).rallies() + growth, scores.total().rallies());
    }
}

#[test]
fn sync_returns_only_changes_since_the_revision() {
    let mut scores = scores(&vec![(1, 5), (2, 5)]);
    let (all, seen) = scores.since(0);
    assert_eq!(all.len(), 2);
    assert_eq!(scores.since(seen), (vec![], seen));
    scores.merge(manager(1), &id(1), after(1, 6)).expect("plausible");
    assert_eq!(scores.since(seen).0, [(id(1), after(1, 6))]);
}

#[test]
fn an_instance_without_rallies_is_not_stored() {
    assert_eq!(scores(&vec![(1, 0)]).len(), 0);
}

#[test]
fn counters_that_no_manager_can_have_are_refused() {
    let mut scores = scores(&vec![(1, 5)]);
    let noise = Score { ping: u64::MAX, pong_misses: u64::MAX, ..Score::default() };
    for (source, instance) in [(manager(1), 1), (scoreboard(1), 1), (scoreboard(2), 2)] {
        assert_eq!(scores.merge(source, &id(instance), noise), Err(Refusal::Implausible));
    }
    assert_eq!(scores.total(), after(1, 5));
}

#[test]
fn a_manager_that_has_used_up_its_share_replaces_its_least_once_it_has_played_more() {
    let mut scores = ManagerScores::with_limits(FEW);
    for (instance, rallies) in [(1, 70), (2, 5), (3, 60)] {
        scores.merge(manager(1), &id(instance), after(1, rallies)).expect("room");
    }
    assert_eq!(scores.merge(manager(1), &id(4), after(1, 4)), Err(Refusal::TooMany));
    assert_eq!(scores.merge(manager(1), &id(4), after(1, 5)), Err(Refusal::TooMany));
    assert_eq!(scores.merge(manager(1), &id(4), after(1, 6)), Ok(None));
    let ids: Vec<_> = all(&scores).into_iter().map(|(id, _)| id).collect();
    assert_eq!(ids, [1, 3, 4].map(id));
    assert_eq!(scores.merge(manager(2), &id(5), after(1, 1)), Ok(None), "another one has room");
}

#[test]
fn the_greatest_counters_of_all_instances_fit_into_the_total() {
    const MAX: u64 = 1_000_000_000_000_000;
    let greatest = [
        Score { ping: MAX, pong_misses: MAX, faults: MAX, ..Score::default() },
        Score { pong: MAX, ping_misses: MAX, ..Score::default() },
        Score { draws: MAX, ping_hits: MAX, ..Score::default() },
        Score { lets: MAX, pong_hits: MAX, ..Score::default() },
    ];
    let mut scores = ManagerScores::default();
    for n in 0..LIMITS.all {
        let instance = InstanceId::new(u32::try_from(n).expect("small"));
        let source = manager(u8::try_from(n / LIMITS.of_manager).expect("small"));
        for score in greatest {
            scores.merge(source, &instance, score).expect("plausible");
        }
    }
    let expected = 4 * LIMITS.all as u64 * MAX;
    assert_eq!((scores.total().rallies(), scores.total().strokes()), (expected, expected));
}
