//! Who plays how much: strokes by player over the last seconds.
//!
//! Managers tell exact counters of each player they have met; what they have grown by is counted
//! here as it happens.

use std::collections::HashMap;
use std::net::SocketAddr;

use court::event::Met;
use court::task::Task;
use rally::Side;
use serde::Serialize;
use tokio::time::Instant;

use crate::window::Window;
use crate::{FORGOTTEN_AFTER, MOST_TASKS};

/// The lengths of time that shares are told over, in seconds.
const SPANS: [u64; 5] = [2, 5, 10, 30, 60];

/// How many strokes a player has on average in a span that tells something.
const ENOUGH: u64 = 20;

/// Counts the strokes of each player.
#[derive(Debug)]
pub(crate) struct Shares {
    begun: Instant,
    players: HashMap<Task, Player>,
    /// Whether somebody plays who has not been told of.
    pub(crate) has_newcomer: bool,
}

#[derive(Debug)]
struct Player {
    side: Side,
    strokes: Window,
    heard: Instant,
}

/// Tells the share of each player in what was played lately.
#[derive(Debug, Serialize)]
pub(crate) struct Told {
    /// The span it was played in.
    seconds: u64,
    players: Vec<Share>,
}

#[derive(Debug, Serialize)]
struct Share {
    side: Side,
    #[serde(flatten)]
    player: Task,
    strokes: u64,
}

impl Shares {
    pub(crate) fn new() -> Self {
        Self { begun: Instant::now(), players: HashMap::new(), has_newcomer: false }
    }

    /// Counts strokes of a player; a player met for the first time has a share, if only of nought.
    pub(crate) fn count(&mut self, side: Side, player: &Task, strokes: u64) {
        if self.players.len() >= MOST_TASKS && !self.players.contains_key(player) {
            return;
        }
        let known = self.players.entry(player.clone()).or_insert_with(|| {
            self.has_newcomer = true;
            Player { side, strokes: Window::since(self.begun), heard: Instant::now() }
        });
        known.heard = Instant::now();
        known.strokes.add(strokes);
    }

    /// Tells the shares over the shortest span in which enough was played.
    pub(crate) fn tell(&mut self) -> Told {
        self.has_newcomer = false;
        self.players.retain(|_, player| player.heard.elapsed() < FORGOTTEN_AFTER);
        let enough = ENOUGH * self.players.len() as u64;
        let mut played = |seconds: u64| -> u64 {
            self.players.values_mut().map(|player| player.strokes.until_now(seconds)).sum()
        };
        let longest = SPANS[SPANS.len() - 1];
        let seconds = SPANS.into_iter().find(|span| played(*span) >= enough).unwrap_or(longest);
        let share = |(player, known): (&Task, &mut Player)| {
            let strokes = known.strokes.until_now(seconds);
            Share { side: known.side, player: player.clone(), strokes }
        };
        Told { seconds, players: self.players.iter_mut().map(share).collect() }
    }
}

/// Remembers what one manager has told of its players, to tell how much they have played since.
#[derive(Debug, Default)]
pub(crate) struct Known(HashMap<SocketAddr, Met>);

impl Known {
    /// Takes counters in; returns the strokes and faults since the last ones.
    ///
    /// Where counters begin at nought again, because a task or a manager did, all of it is new.
    pub(crate) fn grown(&mut self, met: &Met) -> (u64, u64) {
        if self.0.len() >= MOST_TASKS && !self.0.contains_key(&met.address) {
            return (0, 0);
        }
        let before = self.0.insert(met.address, met.clone());
        let (strokes, faults) = before
            .filter(|before| before.player == met.player)
            .filter(|before| before.strokes <= met.strokes && before.faults <= met.faults)
            .map_or((0, 0), |before| (before.strokes, before.faults));
        (met.strokes - strokes, met.faults - faults)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::advance;

    use super::*;

    fn task(name: &str) -> Task {
        name.parse().expect("a task")
    }

    fn met(player: &str, strokes: u64, faults: u64) -> Met {
        let address = ([10, 0, 9, 4], 3000).into();
        Met { address, side: Side::Ping, player: task(player), strokes, faults }
    }

    #[test]
    fn only_what_was_not_told_before_is_new() {
        let mut known = Known::default();
        assert_eq!(known.grown(&met("ping.1@pi1", 5, 1)), (5, 1));
        assert_eq!(known.grown(&met("ping.1@pi1", 7, 1)), (2, 0));
        assert_eq!(known.grown(&met("ping.1@pi1", 3, 0)), (3, 0), "it began again");
        assert_eq!(known.grown(&met("ping.4@pi2", 4, 0)), (4, 0), "another at the old address");
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_player_under_load_has_its_share_within_two_seconds() {
        let mut shares = Shares::new();
        for half in 0..20 {
            let players = if half < 16 { 1 } else { 2 };
            for n in 0..players {
                shares.count(Side::Ping, &task(&format!("ping.{n}@pi1")), 1000 / players);
            }
            advance(Duration::from_millis(500)).await;
        }
        let told = shares.tell();
        assert_eq!(told.seconds, 2);
        let strokes: Vec<_> = told.players.iter().map(|share| share.strokes).collect();
        assert_eq!(strokes, [2000, 2000]);
    }

    #[tokio::test(start_paused = true)]
    async fn little_is_told_over_a_longer_time_and_who_is_not_heard_of_is_forgotten() {
        let mut shares = Shares::new();
        shares.count(Side::Pong, &task("pong.1@pi1"), 3);
        advance(Duration::from_secs(20)).await;
        let told = shares.tell();
        assert_eq!((told.seconds, told.players[0].strokes), (60, 3));
        advance(FORGOTTEN_AFTER).await;
        assert!(shares.tell().players.is_empty());
    }
}
