use proptest::prelude::*;
use rally::{Outcome, Side};

use super::*;

const FROM: u16 = 1;

fn at(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}

/// The table of a node where no player is.
fn empty() -> Table {
    Table::new("pi9".parse().expect("a name"))
}

/// A rally whose strokes go round the nodes pi1, pi2 and pi3, lost with the last.
fn strokes(id: &str, count: u16) -> Vec<Stroke> {
    (1..=count)
        .map(|n| {
            let side = if n % 2 == 1 { Side::Ping } else { Side::Pong };
            Stroke {
                rally: id.to_owned(),
                n,
                side,
                outcome: if n == count { Outcome::Miss } else { Outcome::Hit },
                player: format!("{}.1@pi{}", side.name(), n % 3 + 1).parse().expect("a task"),
                release: None,
                micros: 400,
                manager: "manager.1@pi1".parse().expect("a task"),
                proxy: "pi2".parse().ok(),
            }
        })
        .collect()
}

fn ended(id: &str) -> Ended {
    Ended {
        rally: id.to_owned(),
        verdict: "ping".into(),
        strokes: 1,
        faults: 0,
        micros: 900,
        manager: "manager.1@pi1".parse().expect("a task"),
        proxy: None,
    }
}

/// Tells a table a rally, as fast as managers tell one.
fn tell(table: &mut Table, from: u16, id: &str, count: u16, now: Instant) {
    strokes(id, count).into_iter().for_each(|stroke| table.stroke(at(from), stroke, now));
    table.ended(&ended(id), now);
}

/// Returns each stroke shown, as rally and number, and when its beat began, looking every 10 ms.
fn watch(table: &mut Table, from: Instant, millis: u64) -> Vec<(String, u16, u64)> {
    let mut seen: Vec<(String, u16, u64)> = Vec::new();
    for millis in (0..millis).step_by(10) {
        let now = from + Duration::from_millis(millis);
        if let Some(Shown { stroke: Some((stroke, _)), .. }) = table.shown(now)
            && seen.last().is_none_or(|(id, n, _)| (id, *n) != (&stroke.rally, stroke.n))
        {
            seen.push((stroke.rally.clone(), stroke.n, millis));
        }
    }
    seen
}

#[test]
fn a_rally_at_full_speed_is_shown_a_stroke_a_beat_from_the_first_moment() {
    let (mut table, now) = (empty(), Instant::now());
    tell(&mut table, FROM, "a", 4, now);
    let seen: Vec<_> = watch(&mut table, now, 2000).into_iter().map(|(_, n, at)| (n, at)).collect();
    assert_eq!(seen, [(1, 0), (2, 150), (3, 300), (4, 450)]);
    assert!(table.shown(now + Duration::from_millis(600)).is_none(), "over after four beats");
}

#[test]
fn a_slow_rally_is_shown_as_it_happens_and_carried_in_between() {
    let (mut table, now) = (empty(), Instant::now());
    for (n, stroke) in (0..).zip(strokes("a", 3)) {
        table.stroke(at(FROM), stroke, now + Duration::from_millis(700) * n);
        let beat = table.shown(now + Duration::from_millis(700) * n).and_then(|shown| shown.stroke);
        assert_eq!(beat.map(|(stroke, step)| (u32::from(stroke.n), step)), Some((n + 1, 0)));
        let between = table.shown(now + Duration::from_millis(700) * n + 2 * BEAT);
        let between = between.expect("still carried");
        assert!(between.stroke.is_none() && between.proxy.is_some());
    }
}

#[test]
fn one_that_begins_meanwhile_waits_and_of_several_none_is_shown() {
    let (mut table, now) = (empty(), Instant::now());
    tell(&mut table, FROM, "a", 2, now);
    tell(&mut table, FROM, "b", 2, now);
    let seen: Vec<_> = watch(&mut table, now, 1000).into_iter().map(|(id, n, _)| (id, n)).collect();
    let shown = [("a", 1), ("a", 2), ("b", 1), ("b", 2)].map(|(id, n)| (id.to_owned(), n));
    assert_eq!(seen, shown);

    let now = now + Duration::from_secs(1);
    for id in ["c", "d", "e"] {
        tell(&mut table, FROM, id, 2, now);
    }
    let seen: Vec<_> = watch(&mut table, now, 1000).into_iter().map(|(id, n, _)| (id, n)).collect();
    assert_eq!(seen, [("c".to_owned(), 1), ("c".to_owned(), 2)]);
}

#[test]
fn one_that_would_wait_longer_than_two_seconds_is_skipped() {
    let (mut table, now) = (empty(), Instant::now());
    tell(&mut table, FROM, "a", 20, now);
    tell(&mut table, FROM, "b", 2, now);
    assert!(watch(&mut table, now, 5000).iter().all(|(id, ..)| id == "a"));
}

#[test]
fn a_rally_joined_in_the_middle_is_not_shown() {
    let (mut table, now) = (empty(), Instant::now());
    strokes("a", 4).into_iter().skip(1).for_each(|stroke| table.stroke(at(FROM), stroke, now));
    assert!(table.shown(now).is_none());
}

#[test]
fn a_rally_whose_manager_is_lost_is_shown_as_far_as_it_was_told() {
    let (mut table, now) = (empty(), Instant::now());
    strokes("a", 9).into_iter().take(2).for_each(|stroke| table.stroke(at(FROM), stroke, now));
    table.lost(at(FROM + 1), now);
    assert!(table.shown(now + 5 * BEAT).is_some(), "another manager's loss ends nothing");
    let (mut table, now) = (empty(), Instant::now());
    strokes("a", 9).into_iter().take(2).for_each(|stroke| table.stroke(at(FROM), stroke, now));
    table.lost(at(FROM), now);
    assert_eq!(watch(&mut table, now, 1000).len(), 2);
    assert!(table.shown(now + 5 * BEAT).is_none());
}

#[test]
fn a_rally_that_falls_silent_is_given_up_after_ten_seconds() {
    let (mut table, now) = (empty(), Instant::now());
    table.stroke(at(FROM), strokes("a", 9).remove(0), now);
    assert!(table.shown(now + Duration::from_secs(9)).is_some());
    assert_eq!(table.next_change(now), Some(now + SILENCE));
    assert!(table.shown(now + SILENCE).is_none());
}

#[test]
fn a_flash_that_was_looked_at_too_late_still_has_its_dark_rest() {
    let (mut table, now) = (Table::new("pi1".parse().expect("a name")), Instant::now());
    let mut here = strokes("a", 3);
    here.iter_mut().for_each(|stroke| stroke.player = "ping.1@pi1".parse().expect("a task"));
    here.into_iter().for_each(|stroke| table.stroke(at(FROM), stroke, now));
    let mut look = |millis| {
        let shown = table.shown(now + Duration::from_millis(millis)).expect("shown");
        shown.stroke.map(|(stroke, step)| (stroke.n, step < LIT))
    };
    assert_eq!(look(0), Some((1, true)));
    assert_eq!(look(170), Some((1, false)), "the rest, 50 ms long from now");
    assert_eq!(look(219), Some((1, false)));
    assert_eq!(look(220), Some((2, true)));
    assert_eq!(look(330), Some((2, false)));
    assert_eq!(look(460), Some((3, true)), "a whole flash, though its time is over");
    assert_eq!(look(550), Some((3, true)));
}

proptest! {
    #[test]
    fn rallies_are_shown_whole_in_order_and_never_faster_than_the_beat(
        rallies in prop::collection::vec((0_u64..2000, 1_u16..12), 1..12),
    ) {
        let (mut table, begun) = (empty(), Instant::now());
        let mut seen: Vec<(usize, u16, u64)> = Vec::new();
        let mut rallies: Vec<_> = rallies.into_iter().collect();
        rallies.sort_unstable();
        for millis in (0..20_000).step_by(10) {
            let now = begun + Duration::from_millis(millis);
            for (id, (_, count)) in rallies.iter().enumerate().filter(|(_, (at, _))| at / 10 * 10 == millis) {
                tell(&mut table, FROM, &id.to_string(), *count, now);
            }
            if let Some(Shown { stroke: Some((stroke, _)), .. }) = table.shown(now) {
                let beat = (stroke.rally.parse().expect("a number"), stroke.n);
                if seen.last().is_none_or(|(id, n, _)| (*id, *n) != beat) {
                    seen.push((beat.0, beat.1, millis));
                }
            }
        }
        prop_assert!(table.shown(begun + Duration::from_secs(20)).is_none(), "dark at the end");
        for pair in seen.windows(2) {
            let [(id, n, at), (next, m, then)] = pair else { unreachable!() };
            prop_assert!(then - at >= 140, "{seen:?}");
            let whole = *n == rallies[*id].1 && *m == 1 && next > id;
            prop_assert!((next == id && *m == n + 1) || whole, "{seen:?}");
        }
        let (id, n, _) = seen.last().expect("the first is always shown");
        prop_assert_eq!(*n, rallies[*id].1);
    }
}
