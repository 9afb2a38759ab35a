//! Who plays how much: strokes by player over the last seconds.
//!
//! Managers report exact counters of each player they have asked; what these have grown by is
//! counted here as it arrives.

use std::collections::HashMap;
use std::net::SocketAddr;

use game::Side;
use protocol::event::PlayerCounters;
use protocol::snapshot::{PlayerShare, ShareView};
use protocol::task::Task;
use server::expiring::ExpiringMap;
use tokio::time::Instant;

use crate::window::{MEMORY, SlidingCounter};

/// Maximum number of players, in all and of one manager.
const MAX_PLAYERS: usize = 512;

/// The spans that shares are given over, in seconds.
const SPANS: [u64; 5] = [2, 5, 10, 30, 60];

/// How many strokes a player must have on average in a span.
const MIN_STROKES: u64 = 20;

/// The strokes of each player.
#[derive(Debug)]
pub(crate) struct StrokeShares {
    started: Instant,
    players: ExpiringMap<Task, Player>,
}

#[derive(Debug)]
struct Player {
    side: Side,
    strokes: SlidingCounter,
}

impl StrokeShares {
    /// Makes shares without players.
    pub(crate) fn new() -> Self {
        Self { started: Instant::now(), players: ExpiringMap::new(MAX_PLAYERS, MEMORY) }
    }

    /// Counts strokes of a player; returns whether the player is new. A new player has a share, if
    /// only of zero.
    pub(crate) fn count(&mut self, side: Side, player: &Task, strokes: u64) -> bool {
        let is_new = self.players.get(player).is_none();
        let strokes_since = || Player { side, strokes: SlidingCounter::since(self.started) };
        self.players.entry(player, strokes_since).strokes.add(strokes);
        is_new
    }

    /// Returns the shares over the shortest span in which enough was played, by player.
    pub(crate) fn view(&mut self) -> ShareView {
        self.players.expire();
        let enough = MIN_STROKES * self.players.len() as u64;
        let longest = SPANS[SPANS.len() - 1];
        let seconds = SPANS.into_iter().find(|span| self.played(*span) >= enough);
        let seconds = seconds.unwrap_or(longest);
        let share = |(player, known): (&Task, &mut Player)| {
            let strokes = known.strokes.until_now(seconds);
            let share = PlayerShare { side: known.side, player: player.clone(), strokes };
            (player.to_string(), share)
        };
        ShareView { seconds, players: self.players.iter_mut().map(share).collect() }
    }

    /// Returns whether a side has played in the longest span.
    pub(crate) fn has_played(&mut self, side: Side) -> bool {
        let longest = SPANS[SPANS.len() - 1];
        let mut players = self.players.iter_mut().filter(|(_, player)| player.side == side);
        players.any(|(_, player)| player.strokes.until_now(longest) > 0)
    }

    fn played(&mut self, seconds: u64) -> u64 {
        self.players.iter_mut().map(|(_, player)| player.strokes.until_now(seconds)).sum()
    }
}

/// The last counters that one manager has reported of its players.
#[derive(Debug, Default)]
pub(crate) struct CounterDeltas(HashMap<SocketAddr, PlayerCounters>);

impl CounterDeltas {
    /// Replaces a player's counters; returns the strokes and faults since the last ones.
    ///
    /// Where counters restart at zero, because a task or a manager did, all of them are new.
    pub(crate) fn delta(&mut self, counters: &PlayerCounters) -> (u64, u64) {
        if self.0.len() >= MAX_PLAYERS && !self.0.contains_key(&counters.address) {
            return (0, 0);
        }
        let before = self.0.insert(counters.address, counters.clone());
        let (strokes, faults) = before
            .filter(|before| before.player == counters.player)
            .filter(|before| before.strokes <= counters.strokes && before.faults <= counters.faults)
            .map_or((0, 0), |before| (before.strokes, before.faults));
        (counters.strokes - strokes, counters.faults - faults)
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

    fn counters(player: &str, strokes: u64, faults: u64) -> PlayerCounters {
        let address = ([10, 0, 9, 4], 3000).into();
        PlayerCounters { address, side: Side::Ping, player: task(player), strokes, faults }
    }

    #[test]
    fn only_counter_growth_is_counted() {
        let mut deltas = CounterDeltas::default();
        assert_eq!(deltas.delta(&counters("ping.1@pi1", 5, 1)), (5, 1));
        assert_eq!(deltas.delta(&counters("ping.1@pi1", 7, 1)), (2, 0));
        assert_eq!(deltas.delta(&counters("ping.1@pi1", 3, 0)), (3, 0), "it restarted");
        assert_eq!(deltas.delta(&counters("ping.4@pi2", 4, 0)), (4, 0), "another one there");
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_player_under_load_has_its_share_within_two_seconds() {
        let mut shares = StrokeShares::new();
        for half in 0..20 {
            let players = if half < 16 { 1 } else { 2 };
            for n in 0..players {
                let is_new =
                    shares.count(Side::Ping, &task(&format!("ping.{n}@pi1")), 1000 / players);
                assert_eq!(is_new, (half, n) == (0, 0) || (half, n) == (16, 1));
            }
            advance(Duration::from_millis(500)).await;
        }
        let view = shares.view();
        assert_eq!(view.seconds, 2);
        let strokes: Vec<_> = view.players.values().map(|share| share.strokes).collect();
        assert_eq!(strokes, [2000, 2000]);
    }

    #[tokio::test(start_paused = true)]
    async fn low_traffic_uses_a_longer_span_and_idle_players_expire() {
        let mut shares = StrokeShares::new();
        shares.count(Side::Pong, &task("pong.1@pi1"), 3);
        advance(Duration::from_secs(20)).await;
        let view = shares.view();
        assert_eq!((view.seconds, view.players["pong.1@pi1"].strokes), (60, 3));
        advance(MEMORY).await;
        assert!(shares.view().players.is_empty());
    }
}
