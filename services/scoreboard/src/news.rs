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

/// The time between two looks at what changes with time, such as shares; newcomers do not wait for it.
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
                let due = Instant::now() >= next_look || self.board().has_newcomer();
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
    let in_trouble = paths.iter().filter(|path| path.trouble.is_some()).count();
    let mut room = MOST_PATHS.saturating_sub(in_trouble);
    paths.retain(|path| {
        let has_room = room > 0;
        if path.trouble.is_none() {
            room = room.saturating_sub(1);
        }
        has_room || path.trouble.is_some()
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
mod tests;
