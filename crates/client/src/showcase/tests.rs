use game::{Outcome, Side};
use proptest::prelude::*;
use protocol::event::RallyEnd;

use super::*;
use crate::feed::DisconnectReason;

const FROM: u16 = 1;

fn at(port: u16) -> SocketAddr {
    ([127, 0, 0, 1], port).into()
}

fn id(text: &str) -> RallyId {
    text.parse::<protocol::name::Name>().expect("an id").into()
}

/// A rally whose strokes go round the nodes pi1, pi2 and pi3, lost with the last.
fn strokes(rally: &str, count: u16) -> Vec<Stroke> {
    (1..=count)
        .map(|n| {
            let side = if n % 2 == 1 { Side::Ping } else { Side::Pong };
            Stroke {
                rally: id(rally),
                n,
                side,
                outcome: if n == count { Outcome::Miss } else { Outcome::Hit },
                player: format!("{}.1@pi{}", side.name(), n % 3 + 1).parse().expect("a task"),
                release: None,
                arch: None,
                micros: 400,
                manager: "manager.1@pi1".parse().expect("a task"),
                proxy: "pi2".parse().ok(),
            }
        })
        .collect()
}

fn result(rally: &str) -> RallyResult {
    RallyResult {
        rally: id(rally),
        end: RallyEnd::Ping,
        strokes: 1,
        faults: 0,
        micros: 900,
        manager: "manager.1@pi1".parse().expect("a task"),
        proxy: None,
    }
}

fn stroke(showcase: &mut Showcase, from: u16, stroke: Stroke, now: Instant) {
    showcase.update(&FeedUpdate::Event(at(from), Event::Stroke(stroke)), now);
}

fn disconnect(showcase: &mut Showcase, from: u16, now: Instant) {
    showcase.update(&FeedUpdate::Disconnected(at(from), DisconnectReason::Ended), now);
}

/// Publishes a rally, as fast as managers do.
fn publish(showcase: &mut Showcase, from: u16, rally: &str, count: u16, now: Instant) {
    strokes(rally, count).into_iter().for_each(|one| stroke(showcase, from, one, now));
    showcase.update(&FeedUpdate::Event(at(from), Event::Rally(result(rally))), now);
}

/// Moves on, and returns the stroke that is shown and its step.
fn look(showcase: &mut Showcase, now: Instant) -> Option<(String, u16, u32)> {
    showcase.advance(now);
    let beat = showcase.current(now)?.stroke?;
    Some((beat.stroke.rally.to_string(), beat.stroke.n, beat.step))
}

/// Returns each stroke shown, as rally and number, and when its beat began, looking every 10 ms.
fn watch(showcase: &mut Showcase, from: Instant, millis: u64) -> Vec<(String, u16, u64)> {
    let mut seen: Vec<(String, u16, u64)> = Vec::new();
    for millis in (0..millis).step_by(10) {
        if let Some((rally, n, _)) = look(showcase, from + Duration::from_millis(millis))
            && seen.last().is_none_or(|(last, m, _)| (last, *m) != (&rally, n))
        {
            seen.push((rally, n, millis));
        }
    }
    seen
}

/// Returns the strokes that one sees who looks only when something changes, as a lamp does.
fn watch_changes(showcase: &mut Showcase, mut now: Instant) -> Vec<(String, u16)> {
    let mut seen: Vec<(String, u16)> = Vec::new();
    loop {
        if let Some((rally, n, _)) = look(showcase, now)
            && seen.last() != Some(&(rally.clone(), n))
        {
            seen.push((rally, n));
        }
        let Some(next) = showcase.next_change(now) else { return seen };
        assert!(next > now, "time goes on");
        now = next;
    }
}

fn numbers(seen: Vec<(String, u16, u64)>) -> Vec<(String, u16)> {
    seen.into_iter().map(|(rally, n, _)| (rally, n)).collect()
}

#[test]
fn a_fast_rally_is_shown_one_stroke_per_beat() {
    let (mut showcase, now) = (Showcase::default(), Instant::now());
    publish(&mut showcase, FROM, "a", 4, now);
    let seen: Vec<_> =
        watch(&mut showcase, now, 2000).into_iter().map(|(_, n, at)| (n, at)).collect();
    assert_eq!(seen, [(1, 0), (2, 150), (3, 300), (4, 450)]);
    let after = now + Duration::from_millis(600);
    assert!(showcase.current(after).is_none(), "over after four beats");
    assert_eq!(showcase.take_finished(), [result("a")]);
    assert_eq!(showcase.take_finished(), [], "once");
}

#[test]
fn a_slow_rally_is_shown_live() {
    let (mut showcase, now) = (Showcase::default(), Instant::now());
    for (n, one) in (0..).zip(strokes("a", 3)) {
        let now = now + Duration::from_millis(700) * n;
        stroke(&mut showcase, FROM, one, now);
        assert_eq!(look(&mut showcase, now), Some(("a".to_owned(), n as u16 + 1, 0)));
        assert!(look(&mut showcase, now + BEAT * 3 / 4).is_some());
        let between = now + 2 * BEAT;
        assert_eq!(look(&mut showcase, between), None);
        assert!(showcase.current(between).expect("still carried").proxy.is_some());
    }
}

#[test]
fn one_overlapping_rally_waits_more_are_dropped() {
    let (mut showcase, now) = (Showcase::default(), Instant::now());
    publish(&mut showcase, FROM, "a", 2, now);
    publish(&mut showcase, FROM, "b", 2, now);
    let shown = [("a", 1), ("a", 2), ("b", 1), ("b", 2)].map(|(id, n)| (id.to_owned(), n));
    assert_eq!(numbers(watch(&mut showcase, now, 1000)), shown);

    let now = now + Duration::from_secs(1);
    for id in ["c", "d", "e"] {
        publish(&mut showcase, FROM, id, 2, now);
    }
    let shown = [("c".to_owned(), 1), ("c".to_owned(), 2)];
    assert_eq!(numbers(watch(&mut showcase, now, 1000)), shown);
}

#[test]
fn those_who_look_at_every_frame_and_those_who_look_at_changes_see_the_same() {
    for order in [[FROM, FROM + 1], [FROM + 1, FROM]] {
        let now = Instant::now();
        let [mut frames, mut changes] = [Showcase::default(), Showcase::default()];
        for showcase in [&mut frames, &mut changes] {
            for from in order {
                publish(showcase, from, &format!("rally{from}"), 3, now);
            }
        }
        let seen = numbers(watch(&mut frames, now, 2000));
        assert_eq!(seen.len(), 6, "{seen:?}");
        assert_eq!(seen, watch_changes(&mut changes, now));
    }
}

#[test]
fn a_rally_waiting_over_two_seconds_is_dropped() {
    let (mut showcase, now) = (Showcase::default(), Instant::now());
    publish(&mut showcase, FROM, "a", 20, now);
    publish(&mut showcase, FROM, "b", 2, now);
    assert!(watch(&mut showcase, now, 5000).iter().all(|(id, ..)| id == "a"));
    assert_eq!(showcase.take_finished(), [result("a")]);
}

#[test]
fn a_rally_without_its_first_stroke_is_not_shown() {
    let (mut showcase, now) = (Showcase::default(), Instant::now());
    strokes("a", 4).into_iter().skip(1).for_each(|one| stroke(&mut showcase, FROM, one, now));
    assert!(showcase.current(now).is_none());
}

#[test]
fn a_rally_ends_when_its_manager_disconnects() {
    let now = Instant::now();
    let begin = || {
        let mut showcase = Showcase::default();
        let two = strokes("a", 9).into_iter().take(2);
        two.for_each(|one| stroke(&mut showcase, FROM, one, now));
        showcase
    };
    let mut showcase = begin();
    disconnect(&mut showcase, FROM + 1, now);
    watch(&mut showcase, now, 750);
    assert!(showcase.current(now + 5 * BEAT).is_some(), "another manager's end ends nothing");
    let mut showcase = begin();
    disconnect(&mut showcase, FROM, now);
    assert_eq!(watch(&mut showcase, now, 1000).len(), 2);
    assert!(showcase.current(now + 5 * BEAT).is_none());
    assert_eq!(showcase.take_finished(), [], "its result is unknown");
}

#[test]
fn a_rally_that_falls_silent_is_given_up_after_ten_seconds() {
    let (mut showcase, now) = (Showcase::default(), Instant::now());
    stroke(&mut showcase, FROM, strokes("a", 9).remove(0), now);
    watch(&mut showcase, now, 9000);
    assert!(showcase.current(now + Duration::from_secs(9)).is_some());
    let end = now + RALLY_IDLE_TIMEOUT;
    assert_eq!(showcase.next_change(now + Duration::from_secs(9)), Some(end));
    showcase.advance(end);
    assert!(showcase.current(end).is_none());
}

#[test]
fn a_flash_that_was_looked_at_too_late_still_has_its_dark_rest() {
    let (mut showcase, now) = (Showcase::default(), Instant::now());
    strokes("a", 3).into_iter().for_each(|one| stroke(&mut showcase, FROM, one, now));
    let mut look = |millis| {
        let (_, n, step) =
            look(&mut showcase, now + Duration::from_millis(millis)).expect("a stroke");
        (n, step < LIT)
    };
    assert_eq!(look(0), (1, true));
    assert_eq!(look(170), (1, false), "the rest, 50 ms long from now");
    assert_eq!(look(219), (1, false));
    assert_eq!(look(220), (2, true));
    assert_eq!(look(330), (2, false));
    assert_eq!(look(460), (3, true), "a whole flash, though its time is over");
    assert_eq!(look(550), (3, true));
}

proptest! {
    #[test]
    fn rallies_are_shown_in_full_in_order_at_most_one_stroke_per_beat(
        rallies in prop::collection::vec((0_u64..2000, 1_u16..12), 1..12),
    ) {
        let (mut showcase, begun) = (Showcase::default(), Instant::now());
        let mut seen: Vec<(usize, u16, u64)> = Vec::new();
        let mut rallies: Vec<_> = rallies.into_iter().collect();
        rallies.sort_unstable();
        for millis in (0..20_000).step_by(10) {
            let now = begun + Duration::from_millis(millis);
            let due = rallies.iter().enumerate().filter(|(_, (at, _))| at / 10 * 10 == millis);
            for (id, (_, count)) in due {
                publish(&mut showcase, FROM, &id.to_string(), *count, now);
            }
            if let Some((rally, n, _)) = look(&mut showcase, now) {
                let beat = (rally.parse().expect("a number"), n);
                if seen.last().is_none_or(|(id, n, _)| (*id, *n) != beat) {
                    seen.push((beat.0, beat.1, millis));
                }
            }
        }
        prop_assert!(showcase.current(begun + Duration::from_secs(20)).is_none(), "dark at the end");
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
