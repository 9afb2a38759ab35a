//! What browsers are told: everything when they come, then what changes, a few times a second.
//!
//! What is told is rendered once, for all of them. Under any load a browser gets no more than one
//! message in 125 ms, and each message has the newest of everything and a few strokes to show.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::HttpResponse;
use court::feed::{Feed, HEARTBEAT, Late, render};
use court::path::{self, Path, Paths, Trouble};
use court::task::{Name, Task};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::board::Board;
use crate::knocks::Coverage;

/// The least time between two messages: eight a second, and faster than the ball's beat of 150 ms.
const SPACING: Duration = Duration::from_millis(125);

/// The time between two looks at what changes with time, such as shares.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// How many messages a browser may be behind before it is dropped: two seconds, or half a minute
/// with nothing but signs of life. It comes back for a new beginning.
const BEHIND: usize = 16;

/// The version of what `/score` and `/events` tell; a number for each change that breaks a reader.
const FORMAT: u32 = 2;

/// The most paths that a page is told of: those between 32 nodes.
const MOST_PATHS: usize = 1024;

/// How long what `/paths` told last is told again, whoever asks.
const PATHS_SERVE: Duration = Duration::from_millis(500);

/// Keeps the board, and tells browsers of it.
pub(crate) struct News {
    board: Mutex<Board>,
    told: Mutex<Sections>,
    /// What `/paths` told last, and when.
    paths: Mutex<Option<(Instant, Box<RawValue>)>>,
    me: Task,
    pub(crate) feed: Feed,
    changed: Notify,
}

/// Holds what was told last, by its name in the message.
type Sections = BTreeMap<&'static str, Box<RawValue>>;

impl News {
    pub(crate) fn new(me: &Task, release: &Name) -> Self {
        let mut told = Sections::new();
        update(&mut told, "format", &FORMAT);
        update(&mut told, "version", &env!("CARGO_PKG_VERSION"));
        update(&mut told, "release", release);
        update(&mut told, "board", me);
        let mut board = Board::new();
        look(&mut told, &mut board);
        Self {
            board: Mutex::new(board),
            told: Mutex::new(told),
            paths: Mutex::new(None),
            me: me.clone(),
            feed: Feed::new(BEHIND, Late::Ends),
            changed: Notify::new(),
        }
    }

    pub(crate) fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn told(&self) -> MutexGuard<'_, Sections> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets browsers be told soon that something has changed.
    pub(crate) fn wake(&self) {
        self.changed.notify_one();
    }

    /// Tells browsers until `stop`.
    pub(crate) async fn tell(&self, stop: CancellationToken) {
        let mut last = Instant::now();
        let mut next_look = last;
        let telling = async {
            loop {
                tokio::select! {
                    () = self.changed.notified() => {}
                    () = sleep_until(next_look) => {}
                }
                sleep_until(last + SPACING).await;
                let due = Instant::now() >= next_look;
                if due {
                    next_look = Instant::now() + LOOK_EVERY;
                }
                if self.tell_changes(due, last.elapsed() >= HEARTBEAT) {
                    last = Instant::now();
                }
            }
        };
        stop.run_until_cancelled(telling).await;
        self.feed.end();
    }

    /// Tells what has changed, if anything has; tells whether it did.
    fn tell_changes(&self, look_at_all: bool, even_nothing: bool) -> bool {
        // Held while it is published, so that whoever comes misses nothing in between.
        let mut told = self.told();
        let mut board = self.board();
        let mut news = Sections::new();
        if look_at_all {
            news = look(&mut told, &mut board);
        } else {
            let score = board.score();
            news.extend(update(&mut told, "score", &score));
        }
        let (shots, ended) = (std::mem::take(&mut board.shots), std::mem::take(&mut board.ended));
        drop(board);
        if !shots.is_empty() {
            news.extend(raw("strokes", &shots));
        }
        if !ended.is_empty() {
            news.extend(raw("rallies", &ended));
        }
        let tell = even_nothing || !news.is_empty();
        if tell {
            self.feed.publish("news", &news);
        }
        tell
    }

    /// Answers a browser with everything, and then with the news.
    pub(crate) fn answer(&self) -> HttpResponse {
        let told = self.told();
        let mut all = told.clone();
        all.extend(raw("rallies", self.board().shown.listed()));
        self.feed.answer(render("all", &all))
    }

    /// Returns everything but for the rallies, at most half a second old.
    pub(crate) fn score(&self) -> Box<RawValue> {
        raw("", &*self.told()).map_or_else(Box::default, |(_, all)| all)
    }

    /// Returns how all paths are, at most half a second old.
    pub(crate) fn paths(&self) -> Box<RawValue> {
        let mut last = self.paths.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, told)) = last.as_ref().filter(|(when, _)| when.elapsed() < PATHS_SERVE) {
            return told.clone();
        }
        let (paths, coverage) = {
            let mut board = self.board();
            (board.paths(), board.knocks.coverage())
        };
        let Coverage { nodes, pairs, measured } = coverage;
        let broken = paths.iter().filter(|path| path.trouble == Some(Trouble::Broken)).count();
        let (format, board) = (path::FORMAT, self.me.clone());
        let told = Paths { format, board, nodes, pairs, measured, broken, paths };
        let told = raw("", &told).map_or_else(Box::default, |(_, told)| told);
        *last = Some((Instant::now(), told.clone()));
        told
    }
}

/// Leaves out the paths that are too many for a page, of those without trouble the last.
fn shown(mut paths: Vec<Path>) -> Vec<Path> {
    let mut too_many = paths.len().saturating_sub(MOST_PATHS);
    let trouble = paths.iter().filter(|path| path.trouble.is_some()).count();
    let mut well = (paths.len() - trouble).saturating_sub(too_many);
    paths.retain(|path| {
        let leave_out = too_many > 0 && path.trouble.is_none() && well == 0;
        if path.trouble.is_none() {
            well = well.saturating_sub(1);
        }
        too_many -= usize::from(leave_out);
        !leave_out
    });
    paths.truncate(MOST_PATHS);
    paths
}

/// Updates all sections; returns those that have changed.
fn look(told: &mut Sections, board: &mut Board) -> Sections {
    let changed = [
        update(told, "score", &board.score()),
        update(told, "missing", &board.missing()),
        update(told, "share", &board.shares.tell()),
        update(told, "paths", &shown(board.paths())),
        update(told, "tasks", &board.tasks.tell()),
    ];
    changed.into_iter().flatten().collect()
}

/// Updates one section; returns it if it has changed.
fn update(
    told: &mut Sections,
    name: &'static str,
    value: &impl Serialize,
) -> Option<(&'static str, Box<RawValue>)> {
    let (name, new) = raw(name, value)?;
    if told.get(name).is_some_and(|old| old.get() == new.get()) {
        return None;
    }
    told.insert(name, new.clone());
    Some((name, new))
}

/// Renders a section; what is told are plain structures, for which it does not fail.
fn raw(name: &'static str, value: &impl Serialize) -> Option<(&'static str, Box<RawValue>)> {
    Some((name, to_raw_value(value).ok()?))
}

#[cfg(test)]
mod tests {
    use court::event::{Ended, Event, Met, Players, Stroke};
    use court::follow::Seen;
    use rally::{Outcome, Side};
    use serde_json::Value;

    use super::*;
    use crate::knocks::Knocks;

    /// News of a board that knows one of everything.
    fn news() -> News {
        let me: Task = "scoreboard.1@pi1".parse().expect("a task");
        let news = News::new(&me, &"7".parse().expect("a name"));
        let manager: Task = "manager.1@pi1".parse().expect("a task");
        let player: Task = "ping.1@pi2".parse().expect("a task");
        let address = ([10, 0, 9, 4], 3000).into();
        let (rally, proxy) = ("5eed-1".to_owned(), Some(me.node));
        let stroke = Stroke {
            rally: rally.clone(),
            n: 1,
            side: Side::Ping,
            outcome: Outcome::Miss,
            player: player.clone(),
            release: None,
            micros: 400,
            manager: manager.clone(),
            proxy: proxy.clone(),
        };
        let ended = Ended {
            rally,
            verdict: "pong".into(),
            strokes: 1,
            faults: 0,
            micros: 500,
            manager: manager.clone(),
            proxy,
        };
        let met = Met { address, side: Side::Ping, player, strokes: 1, faults: 0 };
        let who = r#"{"service":"ping","task":"ping.1","node":"pi2","version":"1","release":"1",
            "os":"linux","arch":"arm","started":7}"#;
        let mut board = news.board();
        board.tasks.heard(address, serde_json::from_str(who).expect("an answer"));
        for event in [
            Event::Players(Players { manager, players: vec![met] }),
            Event::Stroke(stroke),
            Event::Ended(ended),
        ] {
            board.see(Seen::Told(address, event));
        }
        let report = r#"{"rows":[{"age":0,"row":{"proxy":{"task":"proxy.1","node":"pi1"},
            "at":null,"pairs":[["pi2","timeout",300,900,32,3]]}}]}"#;
        board.knocks.hear(serde_json::from_str(report).expect("a report"));
        drop(board);
        news
    }

    /// Adds the names of all fields, however deep.
    fn fields(value: &Value, names: &mut Vec<String>) {
        match value {
            Value::Object(object) => object.iter().for_each(|(name, value)| {
                names.push(name.clone());
                fields(value, names);
            }),
            Value::Array(items) => items.iter().for_each(|item| fields(item, names)),
            _ => {}
        }
    }

    #[tokio::test]
    async fn every_field_that_is_told_is_described() {
        let described = include_str!("../../../docs/score.md").to_owned();
        let described = described + include_str!("../../../docs/paths.md");
        let news = news();
        let answer = news.feed.answer(bytes::Bytes::new());
        assert!(news.tell_changes(true, false));
        news.feed.end();
        let told = actix_web::body::to_bytes(answer.into_body());
        let told = told.await.expect("the news");
        let told = std::str::from_utf8(&told).expect("text");
        let told = told.strip_prefix("event: news\ndata: ").expect("news");
        let mut names = Vec::new();
        for json in [told, news.score().get(), news.paths().get()] {
            fields(&serde_json::from_str(json).expect("JSON"), &mut names);
        }
        for expected in ["strokes", "rallies", "played", "tasks", "trouble", "lives", "measured"] {
            assert!(names.iter().any(|name| name == expected), "{expected} was not told");
        }
        for name in names {
            assert!(described.contains(&format!("`{name}`")), "{name} is described nowhere");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn all_paths_are_told_anew_each_half_second_however_often_they_are_asked_for() {
        let news = news();
        let first = news.paths();
        assert!(first.get().contains(r#""broken":1"#), "{first}");
        news.board().knocks = Knocks::default();
        assert_eq!(news.paths().get(), first.get());
        tokio::time::advance(PATHS_SERVE).await;
        assert!(news.paths().get().contains(r#""broken":0"#));
    }

    #[tokio::test]
    async fn of_too_many_paths_the_page_is_told_of_those_in_trouble() {
        let path = |n: usize| Path {
            from: Name::from_any(&format!("pi{n:04}")),
            to: Name::from_any("pi0000"),
            trouble: (n == 2000).then_some(Trouble::Broken),
            cause: None,
            knocks: None,
            strokes: None,
        };
        let shown = shown((1..=2000).map(path).collect());
        assert_eq!(shown.len(), MOST_PATHS);
        assert!(shown.iter().any(|path| path.trouble.is_some()));
        assert!(shown.is_sorted_by_key(|path| path.from.clone()));
    }

    #[tokio::test]
    async fn what_has_not_changed_is_not_told_again() {
        let news = news();
        assert!(news.tell_changes(true, false));
        assert!(!news.tell_changes(false, false), "nothing is new");
        assert!(news.tell_changes(false, true), "but a sign of life");
    }
}
