//! Everything that a scoreboard knows of the cluster.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use client::fault::Fault;
use client::feed::FeedUpdate;
use game::{Score, Side};
use protocol::event::{Event, PlayerCounters};
use protocol::id::InstanceId;
use protocol::node::Node;
use protocol::node_trouble::TroubledNode;
use protocol::path::PathStatus;
use protocol::service::Service;
use protocol::snapshot::ScoreView;
use protocol::whoami::WhoAmI;
use tokio::time::Instant;

use crate::node_troubles::NodeTroubles;
use crate::paths::PathStats;
use crate::probes::ProbeStore;
use crate::recent::RecentRallies;
use crate::score::ManagerScores;
use crate::shares::{CounterDeltas, StrokeShares};
use crate::tasks::TaskRegistry;
use crate::window::SlidingCounter;

/// How long after its start a scoreboard reports no service as missing.
const STARTUP_GRACE: Duration = Duration::from_secs(3);

/// The span that rates are given over, in seconds.
const RATE_SPAN: u64 = 5;

/// The score, the tasks, who plays how much, the paths, and the rallies shown.
#[derive(Debug)]
pub(crate) struct ClusterState {
    started: Instant,
    /// The score by manager instance.
    pub(crate) scores: ManagerScores,
    /// The tasks of all services.
    pub(crate) tasks: TaskRegistry,
    /// Who plays how much.
    pub(crate) shares: StrokeShares,
    paths: PathStats,
    /// What the proxies have measured.
    pub(crate) probes: ProbeStore,
    troubles: NodeTroubles,
    /// The last rallies shown.
    pub(crate) recent: RecentRallies,
    feeds: HashMap<SocketAddr, FeedState>,
    rallies: SlidingCounter,
    strokes: SlidingCounter,
    /// Counts tasks and players that came or changed.
    membership: u64,
}

/// What a feed has reported since it was connected.
#[derive(Debug, Default)]
struct FeedState {
    players: CounterDeltas,
    /// Whether its initial counters are over.
    has_begun: bool,
}

impl ClusterState {
    /// Makes the state of a cluster of which nothing is known yet.
    pub(crate) fn new() -> Self {
        let started = Instant::now();
        Self {
            started,
            scores: ManagerScores::default(),
            tasks: TaskRegistry::new(),
            shares: StrokeShares::new(),
            paths: PathStats::default(),
            probes: ProbeStore::default(),
            troubles: NodeTroubles::default(),
            recent: RecentRallies::default(),
            feeds: HashMap::new(),
            rallies: SlidingCounter::since(started),
            strokes: SlidingCounter::since(started),
            membership: 0,
        }
    }

    /// Applies what happened on a manager's feed; which rallies are shown is not decided here.
    pub(crate) fn apply(&mut self, update: &FeedUpdate) {
        match update {
            FeedUpdate::Connected(address) => {
                self.feeds.insert(*address, FeedState::default());
            }
            FeedUpdate::Disconnected(address, _) => {
                self.feeds.remove(address);
            }
            FeedUpdate::Event(address, Event::Score(update)) => {
                self.feeds.entry(*address).or_default().has_begun = true;
                self.merge(&update.instance, update.score);
            }
            FeedUpdate::Event(address, Event::Players(update)) => {
                let manager = &update.manager.node;
                update.players.iter().for_each(|player| self.player(*address, manager, player));
            }
            FeedUpdate::Event(_, Event::Stroke(stroke)) => {
                self.paths.stroke(&stroke.manager.node, &stroke.player.node, stroke.micros);
            }
            FeedUpdate::Event(_, Event::Rally(_)) => {}
        }
    }

    /// Merges the counters of a manager instance, from the manager or from another scoreboard.
    pub(crate) fn merge(&mut self, instance: &InstanceId, score: Score) {
        if let Some(growth) = self.scores.merge(instance, score) {
            self.rallies.add(growth.rallies);
            self.strokes.add(growth.strokes);
        }
    }

    fn player(&mut self, address: SocketAddr, manager: &Node, counters: &PlayerCounters) {
        let feed = self.feeds.entry(address).or_default();
        let (strokes, faults) = feed.players.delta(counters);
        // The initial counters predate the subscription.
        let (strokes, faults) = if feed.has_begun { (strokes, faults) } else { (0, 0) };
        let is_new = self.shares.count(counters.side, &counters.player, strokes);
        self.membership += u64::from(is_new);
        if faults > 0 {
            self.paths.faults(manager, &counters.player.node, faults);
        }
    }

    /// Records a task's answer, and whether discovery lists its address.
    pub(crate) fn task_answered(&mut self, address: SocketAddr, whoami: WhoAmI, is_listed: bool) {
        let has_changed = self.tasks.answered(address, whoami, is_listed);
        self.membership += u64::from(has_changed);
    }

    /// Records that a task did not answer, and whether discovery lists its address.
    pub(crate) fn task_failed(&mut self, address: SocketAddr, fault: Fault, is_listed: bool) {
        let has_changed = self.tasks.failed(address, fault, is_listed);
        self.membership += u64::from(has_changed);
    }

    /// Returns a number that grows when a task or a player comes or changes.
    pub(crate) const fn membership(&self) -> u64 {
        self.membership
    }

    /// Returns the score and how fast it grows.
    pub(crate) fn score(&mut self) -> ScoreView {
        let score = self.scores.total();
        let rate = |counter: &mut SlidingCounter| counter.sum(RATE_SPAN) as f64 / RATE_SPAN as f64;
        ScoreView {
            score,
            rallies: score.rallies(),
            strokes: score.strokes(),
            rallies_per_second: rate(&mut self.rallies),
            strokes_per_second: rate(&mut self.strokes),
            instances: self.scores.len(),
        }
    }

    /// Returns the health of all paths, by name.
    pub(crate) fn paths(&mut self) -> Vec<PathStatus> {
        self.paths.statuses(&mut self.probes)
    }

    /// Returns the nodes of whose paths not everything is known, as of now.
    pub(crate) fn troubles(&mut self) -> &[TroubledNode] {
        let probed = self.probes.nodes().collect();
        self.troubles.update(&self.tasks.nodes(), &probed, self.probes.shared_names());
        self.troubles.current()
    }

    /// Returns the nodes of whose paths not everything was known when that was last found out.
    pub(crate) fn last_troubles(&self) -> &[TroubledNode] {
        self.troubles.current()
    }

    /// Returns how many feeds are connected.
    pub(crate) fn feeds(&self) -> usize {
        self.feeds.len()
    }

    /// Returns the services without which nothing can be played and of which no task is there.
    pub(crate) fn missing(&self) -> Vec<Service> {
        if self.started.elapsed() < STARTUP_GRACE {
            return Vec::new();
        }
        let manager = self.feeds.is_empty().then_some(Service::Manager);
        let players = Side::BOTH.map(Service::from).into_iter();
        manager.into_iter().chain(players.filter(|player| !self.tasks.has(*player))).collect()
    }
}

#[cfg(test)]
mod tests {
    use client::feed::DisconnectReason;
    use protocol::event::{ManagerScore, PlayerUpdate};
    use tokio::time::advance;

    use super::*;

    const AT: SocketAddr =
        SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 9, 4)), 3000);

    fn score(instance: &str, rallies: u64) -> Event {
        let manager = "manager.1@pi1".parse().expect("a task");
        let instance = protocol::name::Name::from_any(instance).into();
        let score = Score { ping: rallies, ping_hits: 3 * rallies, ..Score::default() };
        Event::Score(ManagerScore { manager, instance, score })
    }

    fn players(strokes: u64, faults: u64) -> Event {
        let manager = "manager.1@pi1".parse().expect("a task");
        let player = "ping.1@pi2".parse().expect("a task");
        let address = ([10, 0, 9, 5], 3000).into();
        let counters = PlayerCounters { address, side: Side::Ping, player, strokes, faults };
        Event::Players(PlayerUpdate { manager, players: vec![counters] })
    }

    fn apply(cluster: &mut ClusterState, events: impl IntoIterator<Item = Event>) {
        events.into_iter().for_each(|event| cluster.apply(&FeedUpdate::Event(AT, event)));
    }

    #[tokio::test(start_paused = true)]
    async fn scores_of_successive_manager_instances_add_up() {
        let mut cluster = ClusterState::new();
        cluster.apply(&FeedUpdate::Connected(AT));
        apply(&mut cluster, [score("a", 5)]);
        cluster.apply(&FeedUpdate::Disconnected(AT, DisconnectReason::Ended));
        assert_eq!(cluster.score().rallies, 5);
        apply(&mut cluster, [score("b", 2), score("a", 4)]);
        assert_eq!((cluster.score().rallies, cluster.score().instances), (7, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn rates_exclude_rallies_before_the_subscription() {
        let mut cluster = ClusterState::new();
        apply(&mut cluster, [score("a", 1_000_000)]);
        advance(Duration::from_secs(1)).await;
        apply(&mut cluster, [score("a", 1_000_010)]);
        advance(Duration::from_secs(1)).await;
        let view = cluster.score();
        assert_eq!((view.rallies_per_second, view.strokes_per_second), (2.0, 6.0));
    }

    #[tokio::test(start_paused = true)]
    async fn shares_and_faults_exclude_the_initial_counters() {
        let mut cluster = ClusterState::new();
        cluster.apply(&FeedUpdate::Connected(AT));
        apply(&mut cluster, [players(1000, 7), score("a", 9), players(1003, 8)]);
        assert_eq!(cluster.membership(), 1);
        advance(Duration::from_secs(1)).await;
        assert_eq!(cluster.shares.view().players["ping.1@pi2"].strokes, 3);
        let paths = cluster.paths();
        assert_eq!(
            (paths[0].from.to_string(), paths[0].to.to_string()),
            ("pi1".into(), "pi2".into())
        );
        assert_eq!(paths[0].strokes.expect("strokes").faults, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn missing_services_are_reported_after_a_grace_period() {
        let mut cluster = ClusterState::new();
        assert!(cluster.missing().is_empty());
        advance(STARTUP_GRACE).await;
        assert_eq!(cluster.missing(), [Service::Manager, Service::Ping, Service::Pong]);
        cluster.apply(&FeedUpdate::Connected(AT));
        assert_eq!(cluster.missing(), [Service::Ping, Service::Pong]);
    }
}
