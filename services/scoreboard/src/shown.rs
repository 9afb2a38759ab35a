//! Which rallies the page shows, so that people can follow the ball.
//!
//! A stroke takes one beat to be seen, however fast it was played. A rally is shown whole or not at
//! all; while as many are on the court as people can follow, others pass unseen. The last ones shown
//! are kept as a list.

use std::collections::VecDeque;
use std::time::Duration;

use court::event::{Ended, Stroke};
use court::task::{Name, Task};
use rally::{Outcome, Side};
use serde::Serialize;
use tokio::time::Instant;

/// How long a stroke takes to be seen: the lights' beat.
const BEAT: Duration = Duration::from_millis(150);

/// How many balls fly at once at most: one, as on the lights.
const BALLS: usize = 1;

/// How long a rally may be silent before its ball is lost: the slowest pace and a late player.
const LOST_AFTER: Duration = Duration::from_secs(10);

/// How many rallies the list has.
const LISTED: usize = 20;

/// How many strokes of a rally the list has, the first ones; a rally of the demo is longer once in
/// a hundred times.
const STROKES: usize = 30;

/// Chooses rallies and keeps the last ones.
#[derive(Debug, Default)]
pub(crate) struct Shown {
    on_court: Vec<OnCourt>,
    listed: VecDeque<Listed>,
}

#[derive(Debug)]
struct OnCourt {
    rally: String,
    played: Vec<Played>,
    /// When the last of its strokes so far will have been seen.
    seen_at: Instant,
    heard: Instant,
    over: bool,
}

/// Tells a rally that was shown.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Listed {
    #[serde(flatten)]
    ended: Ended,
    /// Its first strokes.
    played: Vec<Played>,
}

#[derive(Clone, Debug, Serialize)]
struct Played {
    side: Side,
    outcome: Outcome,
    #[serde(flatten)]
    player: Task,
    micros: u64,
}

/// Tells a stroke as the court shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Shot {
    rally: String,
    n: u16,
    side: Side,
    outcome: Outcome,
    #[serde(flatten)]
    player: Task,
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy: Option<Name>,
}

impl Shown {
    /// Takes a stroke in; returns it if it is shown.
    pub(crate) fn stroke(&mut self, stroke: &Stroke) -> Option<Shot> {
        let now = Instant::now();
        let known = self.on_court.iter().position(|rally| rally.rally == stroke.rally);
        let at = match known {
            Some(at) => at,
            None if stroke.n == 1 => self.begin(&stroke.rally, now)?,
            None => return None,
        };
        let rally = &mut self.on_court[at];
        rally.heard = now;
        rally.seen_at = rally.seen_at.max(now) + BEAT;
        if rally.played.len() < STROKES {
            let Stroke { side, outcome, player, micros, .. } = stroke.clone();
            rally.played.push(Played { side, outcome, player, micros });
        }
        let Stroke { rally, n, side, outcome, player, proxy, .. } = stroke.clone();
        Some(Shot { rally, n, side, outcome, player, proxy })
    }

    /// Finds a ball for a rally, unless all are flying.
    fn begin(&mut self, rally: &str, now: Instant) -> Option<usize> {
        self.on_court.retain(|rally| {
            let lost = now >= rally.heard + LOST_AFTER;
            !(lost || rally.over && now >= rally.seen_at)
        });
        if self.on_court.len() >= BALLS {
            return None;
        }
        let rally = rally.to_owned();
        let played = Vec::new();
        self.on_court.push(OnCourt { rally, played, seen_at: now, heard: now, over: false });
        Some(self.on_court.len() - 1)
    }

    /// Takes the end of a rally in; returns it if it is listed.
    pub(crate) fn ended(&mut self, ended: &Ended) -> Option<Listed> {
        let known = self.on_court.iter().position(|rally| rally.rally == ended.rally);
        let at = match known {
            Some(at) => at,
            // Cut short before its first stroke: nothing to see, but to be told.
            None if ended.strokes == 0 => self.begin(&ended.rally, Instant::now())?,
            None => return None,
        };
        let rally = &mut self.on_court[at];
        rally.over = true;
        if ended.strokes == 0 {
            rally.seen_at += BEAT;
        }
        let listed = Listed { ended: ended.clone(), played: std::mem::take(&mut rally.played) };
        self.listed.truncate(LISTED - 1);
        self.listed.push_front(listed.clone());
        Some(listed)
    }

    /// Returns the last rallies, the newest first.
    pub(crate) const fn listed(&self) -> &VecDeque<Listed> {
        &self.listed
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn stroke(rally: &str, n: u16) -> Stroke {
        Stroke {
            rally: rally.to_owned(),
            n,
            side: Side::Ping,
            outcome: Outcome::Hit,
            player: "ping.1@pi1".parse().expect("a task"),
            release: None,
            micros: 400,
            manager: "manager.1@pi1".parse().expect("a task"),
            proxy: None,
        }
    }

    fn ended(rally: &str, strokes: u16) -> Ended {
        Ended {
            rally: rally.to_owned(),
            verdict: "ping".into(),
            strokes,
            faults: 0,
            micros: 900,
            manager: "manager.1@pi1".parse().expect("a task"),
            proxy: None,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_rally_is_shown_whole_or_not_at_all() {
        let mut shown = Shown::default();
        assert!((1..=4).all(|n| shown.stroke(&stroke("a", n)).is_some()));
        assert!(shown.ended(&ended("a", 4)).is_some());
        assert!((1..=4).all(|n| shown.stroke(&stroke("b", n)).is_none()), "the ball flies");
        advance(4 * BEAT).await;
        assert!(shown.stroke(&stroke("b", 5)).is_none(), "its beginning was not shown");
        assert!(shown.ended(&ended("b", 5)).is_none());
        assert!(shown.stroke(&stroke("c", 1)).is_some(), "the ball has landed");
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_rally_keeps_its_ball_and_one_that_falls_silent_loses_it() {
        let mut shown = Shown::default();
        for n in 1..=5 {
            assert!(shown.stroke(&stroke("slow", n)).is_some());
            advance(Duration::from_secs(5)).await;
        }
        assert!(shown.stroke(&stroke("second", 1)).is_none());
        advance(LOST_AFTER).await;
        assert!(shown.stroke(&stroke("third", 1)).is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn strokes_shown_a_second_are_bounded_whatever_is_played() {
        let mut shown = Shown::default();
        let mut shots = 0;
        for n in 0..100_000 {
            let rally = n.to_string();
            shots += (1..=7).filter(|n| shown.stroke(&stroke(&rally, *n)).is_some()).count();
            shown.ended(&ended(&rally, 7));
            advance(Duration::from_micros(100)).await;
        }
        let in_ten_seconds = BALLS * 10_000 / 150;
        assert!((in_ten_seconds..in_ten_seconds + 30).contains(&shots), "{shots}");
    }

    #[tokio::test(start_paused = true)]
    async fn the_list_has_the_last_twenty_with_their_first_strokes_and_lets_too() {
        let mut shown = Shown::default();
        for rally in 0..30 {
            let rally = rally.to_string();
            (1..=100).for_each(|n| drop(shown.stroke(&stroke(&rally, n))));
            assert!(shown.ended(&ended(&rally, 100)).is_some());
            advance(100 * BEAT).await;
        }
        assert!(shown.ended(&ended("let", 0)).is_some());
        let listed: Vec<_> = shown
            .listed()
            .iter()
            .map(|listed| (&*listed.ended.rally, listed.played.len()))
            .collect();
        assert_eq!((listed.len(), listed[0], listed[1]), (20, ("let", 0), ("29", 30)));
    }
}
