//! What each player has played for this manager, so that uneven load and bad paths are seen.

use std::net::SocketAddr;
use std::time::Duration;

use game::Side;
use parking_lot::Mutex;
use prometheus_client::metrics::histogram::Histogram;
use protocol::event::PlayerCounters;
use protocol::node_names::NodeNames;
use protocol::task::Task;
use server::expiring::ExpiringMap;
use server::metrics::NodePairHistogram;
use tokio::sync::Notify;

/// How long a player that is no longer asked is kept.
const PLAYER_TTL: Duration = Duration::from_secs(60);

/// Maximum number of players: more than a Swarm can run, while DNS may list any number.
const MAX_PLAYERS: usize = 1024;

/// Counters of strokes and faults by address; a new task at a known address starts at zero.
#[derive(Debug)]
pub(crate) struct PlayerStats {
    players: Mutex<ExpiringMap<SocketAddr, Player>>,
    stroke_duration: NodePairHistogram,
    added: Notify,
    changed: Notify,
}

/// A player and what is known of it.
#[derive(Debug)]
struct Player {
    counters: PlayerCounters,
    /// That of its node, once it has answered.
    stroke_duration: Option<Histogram>,
    /// Whether its counters have changed since they were last taken.
    changed: bool,
}

impl PlayerStats {
    /// Makes stats without a player; strokes are measured by node.
    pub(crate) fn new(stroke_duration: NodePairHistogram) -> Self {
        let players = Mutex::new(ExpiringMap::new(MAX_PLAYERS, PLAYER_TTL));
        Self { players, stroke_duration, added: Notify::new(), changed: Notify::new() }
    }

    /// Counts a stroke that the player at an address answered.
    pub(crate) fn answered(&self, address: SocketAddr, side: Side, player: &Task, took: Duration) {
        let mut players = self.players.lock();
        let new = || Player::new(address, side, player.clone());
        let entry = players.entry(&address, new);
        if entry.counters.player != *player {
            *entry = new();
        }
        self.count(entry, 1, 0);
        let histogram =
            entry.stroke_duration.get_or_insert_with(|| self.stroke_duration.to(&player.node));
        histogram.observe(took.as_secs_f64());
    }

    /// Counts a stroke attempt to which the player at an address gave no valid response.
    pub(crate) fn failed(&self, address: SocketAddr, side: Side) {
        let mut players = self.players.lock();
        let new = || Player::new(address, side, Task::unnamed(address));
        self.count(players.entry(&address, new), 0, 1);
    }

    fn count(&self, player: &mut Player, strokes: u64, faults: u64) {
        if player.is_new() {
            self.added.notify_one();
        }
        player.counters.strokes += strokes;
        player.counters.faults += faults;
        if !std::mem::replace(&mut player.changed, true) {
            self.changed.notify_one();
        }
    }

    /// Returns the counters of all players.
    pub(crate) fn all(&self) -> Vec<PlayerCounters> {
        self.players.lock().iter().map(|(.., player)| player.counters.clone()).collect()
    }

    /// Adds the nodes of all players to those among which names are to be distinct.
    pub(crate) fn name_nodes(&self, names: &mut NodeNames) {
        let mut players = self.players.lock();
        players.iter_mut().for_each(|(_, player)| names.add(&mut player.counters.player));
    }

    /// Returns the counters that have changed since they were last taken, and forgets players that
    /// were not asked for a minute.
    pub(crate) fn take_changed(&self) -> Vec<PlayerCounters> {
        let mut players = self.players.lock();
        players.expire();
        let changed = players.iter_mut().filter_map(|(_, player)| {
            std::mem::take(&mut player.changed).then(|| player.counters.clone())
        });
        changed.collect()
    }

    /// Waits until counters have changed; at once, if any have since the last wait.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }

    /// Waits until a player was added; at once, if one was since the last wait.
    pub(crate) async fn added(&self) {
        self.added.notified().await;
    }
}

impl Player {
    const fn new(address: SocketAddr, side: Side, player: Task) -> Self {
        let counters = PlayerCounters { address, side, player, strokes: 0, faults: 0 };
        Self { counters, stroke_duration: None, changed: false }
    }

    const fn is_new(&self) -> bool {
        self.counters.strokes == 0 && self.counters.faults == 0
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt;
    use protocol::service::Service;
    use server::identity::Identity;

    use super::*;

    const TOOK: Duration = Duration::from_millis(1);

    fn address(n: u16) -> SocketAddr {
        ([127, 0, 0, 1], n).into()
    }

    fn task(name: &str) -> Task {
        name.parse().expect("a task")
    }

    fn stats() -> PlayerStats {
        let identity = Identity::new(Service::Manager, task("manager.1@pi1"));
        let mut metrics = server::metrics::Metrics::new(&identity);
        PlayerStats::new(metrics.node_pairs("stroke_duration", "", &identity))
    }

    /// Returns the players with their strokes and faults, in the order of their addresses.
    fn sorted(mut players: Vec<PlayerCounters>) -> Vec<(String, u64, u64)> {
        players.sort_by_key(|player| player.address);
        players.into_iter().map(|of| (of.player.to_string(), of.strokes, of.faults)).collect()
    }

    fn was_added(stats: &PlayerStats) -> bool {
        pin!(stats.added()).now_or_never().is_some()
    }

    #[test]
    fn changed_counters_are_reported_once() {
        let stats = stats();
        stats.failed(address(1), Side::Ping);
        stats.answered(address(2), Side::Pong, &task("pong.1@pi1"), TOOK);
        stats.failed(address(2), Side::Pong);
        let both = vec![("127.0.0.1-1@127.0.0.1".into(), 0, 1), ("pong.1@pi1".into(), 1, 1)];
        assert_eq!(sorted(stats.take_changed()), both);
        assert_eq!(sorted(stats.take_changed()), []);
        assert_eq!(sorted(stats.all()), both);
        stats.answered(address(2), Side::Pong, &task("pong.1@pi1"), TOOK);
        assert_eq!(sorted(stats.take_changed()), [("pong.1@pi1".into(), 2, 1)]);
    }

    #[test]
    fn a_new_player_is_noticed_once() {
        let stats = stats();
        assert!(!was_added(&stats));
        stats.answered(address(1), Side::Ping, &task("ping.1@pi1"), TOOK);
        assert!(was_added(&stats));
        stats.answered(address(1), Side::Ping, &task("ping.1@pi1"), TOOK);
        stats.failed(address(1), Side::Ping);
        assert!(!was_added(&stats));
    }

    #[test]
    fn a_new_task_at_a_known_address_starts_at_zero() {
        let stats = stats();
        stats.answered(address(1), Side::Ping, &task("ping.1@pi1"), TOOK);
        assert!(was_added(&stats));
        stats.answered(address(1), Side::Ping, &task("ping.4@pi2"), TOOK);
        assert!(was_added(&stats));
        assert_eq!(sorted(stats.all()), [("ping.4@pi2".into(), 1, 0)]);
    }

    #[tokio::test(start_paused = true)]
    async fn idle_players_expire_and_the_table_is_bounded() {
        let stats = stats();
        for n in 1..=2000 {
            stats.failed(address(n), Side::Ping);
        }
        assert_eq!(stats.all().len(), MAX_PLAYERS);
        tokio::time::advance(PLAYER_TTL).await;
        stats.failed(address(1), Side::Ping);
        assert_eq!(stats.take_changed().len(), 1);
        assert_eq!(stats.all().len(), 1);
    }
}
