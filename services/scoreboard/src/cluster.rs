//! Everything that a scoreboard knows of the cluster.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use client::fault::Fault;
use client::feed::FeedUpdate;
use game::{Score, Side};
use protocol::event::{Event, PlayerCounters};
use protocol::id::InstanceId;
use protocol::node::Node;
use protocol::node_trouble::TroubledNode;
use protocol::path::PathStatus;
use protocol::port::PortStatus;
use protocol::probe::ProbeReports;
use protocol::service::Service;
use protocol::snapshot::{ScoreView, TaskView};
use protocol::whoami::WhoAmI;
use server::log::{LogLimiter, SAME_FAULT};
use tokio::time::Instant;
use tracing::warn;

use crate::changes::Changes;
use crate::clocks::Clocks;
use crate::known_nodes::KnownNodes;
use crate::node_troubles::NodeTroubles;
use crate::paths::PathStats;
use crate::ports::PortStore;
use crate::probes::ProbeStore;
use crate::recent::RecentRallies;
use crate::score::{ManagerScores, Source};
use crate::shares::{CounterDeltas, StrokeShares};
use crate::tasks::TaskRegistry;
use crate::timeline::Timeline;
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
    /// The nodes that there are.
    nodes: KnownNodes,
    paths: PathStats,
    /// What the proxies have measured.
    pub(crate) probes: ProbeStore,
    ports: PortStore,
    clocks: Clocks,
    troubles: NodeTroubles,
    changes: Changes,
    /// What happened.
    pub(crate) timeline: Timeline,
    /// The last rallies shown.
    pub(crate) recent: RecentRallies,
    feeds: HashMap<SocketAddr, FeedState>,
    rallies: SlidingCounter,
    strokes: SlidingCounter,
    /// Counts tasks and players that came or changed.
    membership: u64,
    log_limiter: Arc<LogLimiter>,
}

/// What a feed has reported since it was connected.
#[derive(Debug, Default)]
struct FeedState {
    players: CounterDeltas,
    /// Whether its initial counters are over.
    has_begun: bool,
}

impl ClusterState {
    /// Makes the state of a cluster of which this scoreboard knows nothing yet.
    pub(crate) fn new(instance: InstanceId, log_limiter: Arc<LogLimiter>) -> Self {
        let started = Instant::now();
        Self {
            started,
            scores: ManagerScores::default(),
            tasks: TaskRegistry::new(),
            shares: StrokeShares::new(),
            nodes: KnownNodes::default(),
            paths: PathStats::default(),
            probes: ProbeStore::default(),
            ports: PortStore::default(),
            clocks: Clocks::default(),
            troubles: NodeTroubles::default(),
            changes: Changes::default(),
            timeline: Timeline::new(instance),
            recent: RecentRallies::default(),
            feeds: HashMap::new(),
            rallies: SlidingCounter::since(started),
            strokes: SlidingCounter::since(started),
            membership: 0,
            log_limiter,
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
                self.merge(Source::Manager(*address), &update.instance, update.score);
            }
            FeedUpdate::Event(address, Event::Players(update)) => {
                let manager = &update.manager.node;
                update.players.iter().for_each(|player| self.player(*address, manager, player));
            }
            FeedUpdate::Event(_, Event::Stroke(stroke)) => {
                let (manager, player) = (&stroke.manager.node, &stroke.player.node);
                if self.nodes.contains(manager) && self.nodes.contains(player) {
                    self.paths.stroke(manager, player, stroke.micros);
                }
            }
            FeedUpdate::Event(_, Event::Rally(_)) => {}
        }
    }

    /// Merges the counters of a manager instance, from the manager or from another scoreboard; logs
    /// those that do not count.
    pub(crate) fn merge(&mut self, source: Source, instance: &InstanceId, score: Score) {
        match self.scores.merge(source, instance, score) {
            Ok(growth) => {
                let growth = growth.unwrap_or_default();
                self.rallies.add(growth.rallies);
                self.strokes.add(growth.strokes);
            }
            Err(reason) => {
                let kind = format!("counters refused: {source}: {reason}");
                if self.log_limiter.allow(&kind, SAME_FAULT) {
                    warn!(%source, %instance, %reason, "counters refused");
                }
            }
        }
    }

    fn player(&mut self, address: SocketAddr, manager: &Node, counters: &PlayerCounters) {
        let feed = self.feeds.entry(address).or_default();
        let (strokes, faults) = feed.players.delta(counters);
        // The initial counters predate the subscription.
        let (strokes, faults) = if feed.has_begun { (strokes, faults) } else { (0, 0) };
        let is_new = self.shares.count(counters.side, &counters.player, strokes);
        self.membership += u64::from(is_new);
        let player = &counters.player.node;
        if faults > 0 && self.nodes.contains(manager) && self.nodes.contains(player) {
            self.paths.faults(manager, player, faults);
        }
    }

    /// Records which addresses of admin ports discovery lists; forgets nodes that are no more.
    pub(crate) fn listed(&mut self, addresses: impl IntoIterator<Item = SocketAddr>) {
        self.nodes.listed(addresses);
        self.probes.retain(|node| self.nodes.contains(node));
        self.paths.retain(|node| self.nodes.contains(node));
        self.ports.retain(|node| self.nodes.contains(node));
    }

    /// Stores what the proxy at an address has reported, as far as it is of nodes that are known.
    pub(crate) fn probed(&mut self, from: SocketAddr, mut reports: ProbeReports) {
        if let Some(own) = reports.reports.first_mut() {
            self.ports.store(&mut own.report, |node| self.nodes.contains(node));
        }
        self.nodes.retain_known(from, &mut reports);
        self.probes.store(reports);
    }

    /// Records a task's answer, and whether discovery lists its address.
    pub(crate) fn task_answered(&mut self, address: SocketAddr, whoami: WhoAmI, is_listed: bool) {
        self.nodes.answered(address, &whoami.task.node, is_listed);
        let has_changed = self.tasks.answered(address, whoami, is_listed);
        self.membership += u64::from(has_changed);
    }

    /// Records the clock of a task's node, if it told that; see [`Clocks::told`].
    pub(crate) fn clock_told(&mut self, node: &Node, now: Option<u64>, asked: u64, took: Duration) {
        if let Some(now) = now.filter(|_| self.nodes.contains(node)) {
            self.clocks.told(node, now, asked, took);
        }
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

    /// Returns all tasks, by their numbers; records in the timeline which have come and gone.
    pub(crate) fn see_tasks(&mut self) -> BTreeMap<u64, TaskView> {
        let tasks = self.tasks.views();
        self.changes.see_tasks(&tasks, &mut self.timeline);
        tasks
    }

    /// Returns the health of all paths, by name; records in the timeline which are broken.
    pub(crate) fn see_paths(&mut self) -> Vec<PathStatus> {
        let paths = self.paths.statuses(&mut self.probes);
        self.changes.see_paths(&paths, &mut self.timeline);
        paths
    }

    /// Returns each published port and virtual address as it is seen from each node, if any proxy is to
    /// check them; records in the timeline which are broken.
    pub(crate) fn see_ports(&mut self) -> Option<Vec<PortStatus>> {
        let mut ports = self.ports.statuses();
        let known = ports.as_deref_mut().unwrap_or_default();
        self.changes.see_ports(known, &mut self.timeline);
        for one in known.iter_mut().filter(|one| one.cause.is_some()) {
            one.since = self.timeline.broken_since(&one.from, &one.port);
        }
        ports
    }

    /// Returns the nodes of whose paths not everything is known, as of now.
    pub(crate) fn troubles(&mut self) -> &[TroubledNode] {
        let probed = self.probes.nodes().collect();
        let others = [self.probes.shared_names(), self.clocks.off()].concat();
        self.troubles.update(&self.tasks.nodes(), &probed, others);
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

    /// Returns the services without which nothing can be played and of which no task is there. Players
    /// may also be where nobody looks for tasks: while no task at all has answered, not even this one,
    /// and while managers report strokes of a side of which no task was ever found.
    pub(crate) fn missing(&mut self) -> Vec<Service> {
        if self.started.elapsed() < STARTUP_GRACE {
            return Vec::new();
        }
        let manager = self.feeds.is_empty().then_some(Service::Manager);
        let Self { tasks, shares, .. } = self;
        let is_missing = |side: &Side| {
            let player = Service::from(*side);
            let is_seen = tasks.is_blind() || !tasks.has_had(player) && shares.has_played(*side);
            !tasks.has(player) && !is_seen
        };
        let players = Side::BOTH.into_iter().filter(is_missing).map(Service::from);
        manager.into_iter().chain(players).collect()
    }

    /// Returns whether a manager's feed is connected and a task answers, and if not, what is missing.
    pub(crate) fn ready(&self) -> Result<(), String> {
        if self.feeds.is_empty() {
            return Err("no manager reachable".to_owned());
        }
        if self.tasks.is_blind() {
            return Err("no task answers at --tasks, so the page shows none".to_owned());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
