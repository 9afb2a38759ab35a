//! Everything a scoreboard knows.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use court::event::{Counted, Event, Met, Players};
use court::follow::Seen;
use court::path::Path;
use court::task::Name;
use rally::{Score, Side};
use serde::Serialize;
use tokio::time::Instant;

use crate::knocks::Knocks;
use crate::lives::Lives;
use crate::paths::Paths;
use crate::share::{Known, Shares};
use crate::shown::{Listed, Shot, Shown};
use crate::tasks::Tasks;
use crate::window::Window;

/// How long after its start a scoreboard calls nobody missing.
const LOOKING: Duration = Duration::from_secs(3);

/// The span that rates are told over, in seconds.
const RATE_OVER: u64 = 5;

/// Knows the score, who plays, how much and how fast, and what the court shows.
#[derive(Debug)]
pub(crate) struct Board {
    begun: Instant,
    pub(crate) lives: Lives,
    pub(crate) tasks: Tasks,
    pub(crate) shares: Shares,
    pub(crate) paths: Paths,
    pub(crate) knocks: Knocks,
    pub(crate) shown: Shown,
    feeds: HashMap<SocketAddr, Feed>,
    rallies: Window,
    strokes: Window,
    /// Strokes to be shown that have not been told yet.
    pub(crate) shots: Vec<Shot>,
    /// Rallies to be listed that have not been told yet.
    pub(crate) ended: Vec<Listed>,
}

/// Holds what must be remembered of a feed while it is followed.
#[derive(Debug, Default)]
struct Feed {
    players: Known,
    /// Whether its beginning is over, which tells what was played before.
    begun: bool,
}

/// Tells the score and how fast it grows.
#[derive(Debug, Serialize)]
pub(crate) struct Told {
    #[serde(flatten)]
    score: Score,
    rallies: u64,
    strokes: u64,
    rallies_per_second: f64,
    strokes_per_second: f64,
    lives: usize,
}

impl Board {
    pub(crate) fn new() -> Self {
        let begun = Instant::now();
        Self {
            begun,
            lives: Lives::default(),
            tasks: Tasks::new(),
            shares: Shares::new(),
            paths: Paths::default(),
            knocks: Knocks::default(),
            shown: Shown::default(),
            feeds: HashMap::new(),
            rallies: Window::since(begun),
            strokes: Window::since(begun),
            shots: Vec::new(),
            ended: Vec::new(),
        }
    }

    /// Takes in what was seen of a manager.
    pub(crate) fn see(&mut self, seen: Seen) {
        match seen {
            Seen::Joined(address) => drop(self.feeds.insert(address, Feed::default())),
            Seen::Lost(address, _) => drop(self.feeds.remove(&address)),
            Seen::Told(address, event) => self.hear(address, event),
        }
    }

    fn hear(&mut self, address: SocketAddr, event: Event) {
        match event {
            Event::Score(Counted { incarnation, score, .. }) => {
                self.feeds.entry(address).or_default().begun = true;
                self.count(&Name::from_any(&incarnation), score);
            }
            Event::Players(Players { manager, players }) => {
                players.iter().for_each(|met| self.meet(address, &manager.node, met));
            }
            Event::Stroke(stroke) => {
                self.paths.stroke(&stroke.manager.node, &stroke.player.node, stroke.micros);
                self.shots.extend(self.shown.stroke(&stroke));
            }
            Event::Ended(ended) => self.ended.extend(self.shown.ended(&ended)),
        }
    }

    /// Takes a life's counters in, from its manager or from another scoreboard.
    pub(crate) fn count(&mut self, life: &Name, score: Score) {
        if let Some(growth) = self.lives.merge(life, score) {
            self.rallies.add(growth.rallies);
            self.strokes.add(growth.strokes);
        }
    }

    fn meet(&mut self, address: SocketAddr, manager: &Name, met: &Met) {
        let feed = self.feeds.entry(address).or_default();
        let (strokes, faults) = feed.players.grown(met);
        // What a feed begins with was played before, nobody knows when.
        let strokes = if feed.begun { strokes } else { 0 };
        self.shares.count(met.side, &met.player, strokes);
        if feed.begun && faults > 0 {
            self.paths.faults(manager, &met.player.node, faults);
        }
    }

    /// Tells the score.
    pub(crate) fn score(&mut self) -> Told {
        let score = self.lives.total();
        let rate = |window: &mut Window| window.sum(RATE_OVER) as f64 / RATE_OVER as f64;
        Told {
            score,
            rallies: score.rallies(),
            strokes: score.strokes(),
            rallies_per_second: rate(&mut self.rallies),
            strokes_per_second: rate(&mut self.strokes),
            lives: self.lives.count(),
        }
    }

    /// Tells all paths, by name.
    pub(crate) fn paths(&mut self) -> Vec<Path> {
        self.paths.tell(&mut self.knocks)
    }

    /// Returns how many feeds are followed.
    pub(crate) fn feeds(&self) -> usize {
        self.feeds.len()
    }

    /// Tells whether a task or a player has come that browsers were not told of.
    pub(crate) fn has_newcomer(&self) -> bool {
        self.tasks.has_newcomer || self.shares.has_newcomer
    }

    /// Names the services without which nothing can be played and of which nobody is there.
    pub(crate) fn missing(&self) -> Vec<&'static str> {
        if self.begun.elapsed() < LOOKING {
            return Vec::new();
        }
        let manager = self.feeds.is_empty().then_some("manager");
        let players = Side::BOTH.map(Side::name).into_iter();
        manager.into_iter().chain(players.filter(|side| !self.tasks.has(side))).collect()
    }
}

#[cfg(test)]
mod tests {
    use court::follow::Loss;
    use tokio::time::advance;

    use super::*;

    const AT: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 9, 4)), 3000);

    fn score(life: &'static str, rallies: u64) -> Event {
        let manager = "manager.1@pi1".parse().expect("a task");
        let score = Score { ping: rallies, ping_hits: 3 * rallies, ..Score::default() };
        Event::Score(Counted { manager, incarnation: life.into(), score })
    }

    fn players(strokes: u64, faults: u64) -> Event {
        let manager = "manager.1@pi1".parse().expect("a task");
        let player = "ping.1@pi2".parse().expect("a task");
        let address = ([10, 0, 9, 5], 3000).into();
        let met = Met { address, side: Side::Ping, player, strokes, faults };
        Event::Players(Players { manager, players: vec![met] })
    }

    fn tell(board: &mut Board, events: impl IntoIterator<Item = Event>) {
        events.into_iter().for_each(|event| board.see(Seen::Told(AT, event)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_score_outlives_its_manager_and_the_next_life_is_added() {
        let mut board = Board::new();
        board.see(Seen::Joined(AT));
        tell(&mut board, [score("a", 5)]);
        board.see(Seen::Lost(AT, Loss::Ended));
        assert_eq!(board.score().rallies, 5);
        tell(&mut board, [score("b", 2), score("a", 4)]);
        assert_eq!((board.score().rallies, board.score().lives), (7, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn rates_tell_what_was_played_while_listening_and_not_what_was_before() {
        let mut board = Board::new();
        tell(&mut board, [score("a", 1_000_000)]);
        advance(Duration::from_secs(1)).await;
        tell(&mut board, [score("a", 1_000_010)]);
        advance(Duration::from_secs(1)).await;
        let told = board.score();
        assert_eq!((told.rallies_per_second, told.strokes_per_second), (2.0, 6.0));
    }

    #[tokio::test(start_paused = true)]
    async fn shares_and_faults_begin_where_the_feed_does() {
        let mut board = Board::new();
        board.see(Seen::Joined(AT));
        tell(&mut board, [players(1000, 7), score("a", 9), players(1003, 8)]);
        advance(Duration::from_secs(1)).await;
        let share = serde_json::to_value(board.shares.tell()).expect("plain");
        assert_eq!(share["players"][0]["strokes"], 3);
        let paths = board.paths();
        assert_eq!((paths[0].from.as_str(), paths[0].to.as_str()), ("pi1", "pi2"));
        assert_eq!(paths[0].strokes.expect("strokes").faults, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_missing_is_named_once_there_was_time_to_look() {
        let mut board = Board::new();
        assert!(board.missing().is_empty());
        advance(LOOKING).await;
        assert_eq!(board.missing(), ["manager", "ping", "pong"]);
        board.see(Seen::Joined(AT));
        assert_eq!(board.missing(), ["ping", "pong"]);
    }
}
