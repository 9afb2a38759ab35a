//! What each player has played for this manager, so that an uneven spread and a bad path are seen.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use court::event::Met;
use court::metrics::{Latencies, Latency};
use court::task::{Name, Task};
use rally::Side;
use tokio::time::Instant;

/// How long a player that is not asked any more is remembered.
const REMEMBERED: Duration = Duration::from_secs(60);

/// The most players remembered. More than a Swarm can run; discovery may be told any number.
const MOST: usize = 1024;

/// Counts strokes and faults by address; a new task at an old address starts afresh.
#[derive(Debug)]
pub(crate) struct Players {
    entries: Mutex<HashMap<SocketAddr, Entry>>,
    latencies: Latencies,
}

#[derive(Debug)]
struct Entry {
    met: Met,
    /// Of its node, once it has answered.
    latency: Option<Arc<Latency>>,
    asked: Instant,
    changed: bool,
    /// Whether subscribers have been told of it.
    told: bool,
}

impl Players {
    /// Makes a list without a player; how long they take is told by node.
    pub(crate) fn new(latencies: Latencies) -> Self {
        Self { entries: Mutex::default(), latencies }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SocketAddr, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a stroke that the player at an address answered.
    pub(crate) fn answered(&self, address: SocketAddr, side: Side, player: &Task, took: Duration) {
        let mut players = self.lock();
        let entry = match players.get_mut(&address) {
            Some(entry) if entry.met.player == *player => entry,
            _ => insert(&mut players, address, side, player.clone()),
        };
        entry.count(1, 0);
        let latency = entry.latency.get_or_insert_with(|| self.latencies.to(&player.node));
        latency.observe(took);
    }

    /// Counts an attempt at a stroke that the player at an address gave no lawful answer to.
    pub(crate) fn failed(&self, address: SocketAddr, side: Side) {
        let mut players = self.lock();
        match players.get_mut(&address) {
            Some(entry) => entry.count(0, 1),
            None => insert(&mut players, address, side, nameless(address)).count(0, 1),
        }
    }

    /// Returns all that are remembered.
    pub(crate) fn all(&self) -> Vec<Met> {
        self.lock().values().map(|entry| entry.met.clone()).collect()
    }

    /// Returns those whose counters have changed since it was last called, and forgets those that
    /// were not asked for a minute.
    pub(crate) fn changed(&self) -> Vec<Met> {
        let mut players = self.lock();
        players.retain(|_, entry| entry.asked.elapsed() < REMEMBERED);
        let changed = players.values_mut().filter_map(|entry| {
            entry.told = true;
            std::mem::take(&mut entry.changed).then(|| entry.met.clone())
        });
        changed.collect()
    }

    /// Tells whether one was met since then for the first time.
    pub(crate) fn has_newcomer(&self) -> bool {
        self.lock().values().any(|entry| !entry.told)
    }
}

impl Entry {
    fn count(&mut self, strokes: u64, faults: u64) {
        self.met.strokes += strokes;
        self.met.faults += faults;
        self.asked = Instant::now();
        self.changed = true;
    }
}

/// Makes room for one more, at the cost of the one that was not asked for longest.
fn insert(
    players: &mut HashMap<SocketAddr, Entry>,
    address: SocketAddr,
    side: Side,
    player: Task,
) -> &mut Entry {
    if players.len() >= MOST
        && let Some(oldest) = players.iter().min_by_key(|(_, entry)| entry.asked).map(|(at, _)| *at)
    {
        players.remove(&oldest);
    }
    let met = Met { address, side, player, strokes: 0, faults: 0 };
    let entry = Entry { met, latency: None, asked: Instant::now(), changed: true, told: false };
    players.entry(address).insert_entry(entry).into_mut()
}

/// Names a player that does not name itself: one that never answered, or that somebody else wrote.
pub(crate) fn nameless(address: SocketAddr) -> Task {
    let ip: IpAddr = address.ip();
    Task { name: Name::from_any(&address.to_string()), node: Name::from_any(&ip.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(n: u16) -> SocketAddr {
        ([127, 0, 0, 1], n).into()
    }

    const TOOK: Duration = Duration::from_millis(1);

    fn players() -> Players {
        let me: Task = task("manager.1@pi1");
        let metrics = court::metrics::Metrics::new("manager", &me, &me.name);
        Players::new(metrics.latencies("stroke", "", &me.node))
    }

    fn task(name: &str) -> Task {
        name.parse().expect("a task")
    }

    /// Returns who was met, with strokes and faults, in the order of their addresses.
    fn told(mut met: Vec<Met>) -> Vec<(String, u64, u64)> {
        met.sort_by_key(|met| met.address);
        met.into_iter().map(|met| (met.player.to_string(), met.strokes, met.faults)).collect()
    }

    #[test]
    fn strokes_and_faults_are_counted_by_player_and_told_once_as_they_change() {
        let players = players();
        players.failed(address(1), Side::Ping);
        players.answered(address(2), Side::Pong, &task("pong.1@pi1"), TOOK);
        players.failed(address(2), Side::Pong);
        let both = vec![("127.0.0.1-1@127.0.0.1".into(), 0, 1), ("pong.1@pi1".into(), 1, 1)];
        assert!(players.has_newcomer());
        assert_eq!(told(players.changed()), both);
        assert_eq!(told(players.changed()), []);
        assert_eq!(told(players.all()), both);
        players.answered(address(2), Side::Pong, &task("pong.1@pi1"), TOOK);
        assert!(!players.has_newcomer());
        assert_eq!(told(players.changed()), [("pong.1@pi1".into(), 2, 1)]);
    }

    #[test]
    fn a_new_task_at_an_old_address_starts_afresh() {
        let players = players();
        players.answered(address(1), Side::Ping, &task("ping.1@pi1"), TOOK);
        players.answered(address(1), Side::Ping, &task("ping.4@pi2"), TOOK);
        assert_eq!(told(players.all()), [("ping.4@pi2".into(), 1, 0)]);
    }

    #[tokio::test(start_paused = true)]
    async fn those_that_are_not_asked_any_more_are_forgotten_and_their_number_is_bounded() {
        let players = players();
        for n in 1..=2000 {
            players.failed(address(n), Side::Ping);
        }
        assert_eq!(players.all().len(), MOST);
        tokio::time::advance(REMEMBERED).await;
        players.failed(address(1), Side::Ping);
        assert_eq!(players.changed().len(), 1);
        assert_eq!(players.all().len(), 1);
    }
}
