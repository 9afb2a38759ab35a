//! What a proxy knows of all paths: its own measurements, and the reports received from others. The
//! one place that turns changes into log lines and series.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use protocol::id::InstanceId;
use protocol::node::{Node, NodeRef};
use protocol::probe::{PathMeasurement, ProbeFailure, ProbeReport};
use protocol::task::Task;
use server::expiring::ExpiringMap;
use tokio::time::Instant;
use tracing::{info, warn};

use crate::metrics::Metrics;
use crate::path_health::{PathHealth, ProbeOutcome};
use crate::probe::ProbeResult;
use crate::probe_targets::MAX_TARGETS;

mod probed_path;
mod report;
mod selection;

use probed_path::{PathChange, ProbedPath};

/// How long a received report is kept, and that a node's proxy has said that it stops.
const KEPT_FOR: Duration = Duration::from_secs(60);

/// Maximum number of reports that are kept: those of 16 targets, and of some former ones.
const MAX_RECEIVED: usize = 64;

/// Maximum number of paths that are kept of a received report.
const MAX_RECEIVED_PATHS: usize = 32;

/// Maximum number of nodes that are reported to have left; more would not fit into a packet.
const MAX_LEFT: usize = 8;

/// Maximum number of proxies that DNS does not list and that probe this one, or that others report.
const MAX_HEARD_OF: usize = 16;

/// Maximum number of paths to addresses that DNS does not list.
const MAX_UNLISTED: usize = 32;

/// How long a proxy is tried that probed this one or was reported: three probes.
const HEARD_OF_FOR: Duration = Duration::from_secs(10);

/// The paths that one proxy knows.
#[derive(Debug)]
pub(crate) struct PathTable {
    task: Task,
    instance: Option<InstanceId>,
    admin_port: u16,
    /// This proxy's own address: that of its admin port, or as its connections to others show it.
    admin: Option<SocketAddr>,
    is_admin_learned: bool,
    /// What datagrams to this proxy must bear.
    udp: Option<u64>,
    /// What DNS lists.
    listed: HashSet<SocketAddr>,
    /// The paths to listed addresses, and to others where a proxy was heard.
    paths: HashMap<SocketAddr, ProbedPath>,
    /// The paths to nodes at whose addresses another node answers by now.
    displaced: Vec<ProbedPath>,
    /// The addresses of proxies that DNS does not list and that probe this one, or that others report.
    heard_of: ExpiringMap<SocketAddr, ()>,
    /// The nodes that others report and whose addresses were asked for.
    asked_for: ExpiringMap<Node, ()>,
    /// The nodes whose proxies have said that they stop.
    left: ExpiringMap<Node, ()>,
    received: ExpiringMap<Node, ProbeReport>,
    metrics: Metrics,
}

impl PathTable {
    /// Makes the table of a proxy with this admin port.
    pub(crate) fn new(
        task: Task,
        instance: InstanceId,
        admin: SocketAddr,
        udp: Option<u64>,
        metrics: Metrics,
    ) -> Self {
        let is_admin_learned = admin.ip().is_unspecified();
        Self {
            instance: task.node.id.is_none().then_some(instance),
            task,
            admin_port: admin.port(),
            admin: (!is_admin_learned).then_some(admin),
            is_admin_learned,
            udp,
            listed: HashSet::new(),
            paths: HashMap::new(),
            displaced: Vec::new(),
            heard_of: ExpiringMap::new(MAX_HEARD_OF, HEARD_OF_FOR),
            asked_for: ExpiringMap::new(MAX_HEARD_OF, HEARD_OF_FOR),
            left: ExpiringMap::new(MAX_LEFT, KEPT_FOR),
            received: ExpiringMap::new(MAX_RECEIVED, KEPT_FOR),
            metrics,
        }
    }

    /// Returns why the path to an address was broken when it was last probed.
    pub(crate) fn last_cause(&self, address: SocketAddr) -> Option<ProbeFailure> {
        self.paths.get(&address)?.probed_cause()
    }

    /// Records a probe of an address, and the health of its path since.
    pub(crate) fn record(
        &mut self,
        address: SocketAddr,
        health: &mut PathHealth,
        probe: ProbeResult,
    ) {
        self.learn_address(probe.from);
        let node = probe.report.as_ref().map(|report| report.proxy.node.clone());
        if let Some(node) = &node {
            self.displace(address, node);
        }
        let is_listed = self.listed.contains(&address);
        if !is_listed && !self.paths.contains_key(&address) {
            let unlisted = self.paths.values().filter(|path| !path.is_listed()).count();
            // One that was only heard of may be no proxy.
            if node.is_none() || unlisted >= MAX_UNLISTED {
                return;
            }
        }
        // A path to another node that has this node's name, and no id, is told by its address.
        let named = node.clone().filter(|node| *node != self.task.node);
        let path = self.paths.entry(address).or_insert_with(|| ProbedPath::new(address, is_listed));
        if named.is_some() && path.node().is_none() {
            // The network did not change with the proxy: the path has to prove itself again.
            let is_before =
                |path: &&ProbedPath| path.address() != address && path.node() == named.as_ref();
            let before = self.paths.values().find(is_before).and_then(ProbedPath::cause);
            health.inherit(before.filter(|cause| cause.is_of_network()));
        }
        let path = self.paths.get_mut(&address).expect("it was just added");
        path.update(health, named, node.is_some());
        let changes = path.changes();
        let (to, is_probed) = (path.to(), path.is_probed());
        self.publish(changes);
        if let NodeRef::Node(_) = to {
            let (loss, news) = health.take_loss();
            self.metrics.datagrams(&to, loss, news);
            match probe.outcome {
                ProbeOutcome::Answered(rtt) => self.metrics.probe_answered(&to, rtt),
                ProbeOutcome::NotConnected(cause) | ProbeOutcome::NotAnswered(cause) => {
                    self.metrics.probe_failed(&to, cause);
                }
            }
        }
        if let (Some(node), Some(report)) = (node, probe.report) {
            if is_probed {
                self.left.remove(&node);
            }
            self.receive(node, report);
        }
    }

    /// Stores what another proxy reports, and which nodes it hears.
    fn receive(&mut self, from: Node, mut report: ProbeReport) {
        report.paths.truncate(MAX_RECEIVED_PATHS);
        report.left.truncate(MAX_LEFT);
        report.ports = None;
        let reached = report.paths.iter().filter(|path| path.is_answered());
        let heard: HashSet<&NodeRef> = reached.map(|path| &path.to).collect();
        for path in self.paths.values_mut().chain(&mut self.displaced) {
            let Some(node) = path.node() else { continue };
            if report.left.contains(node) && !path.is_listed() {
                path.leave();
            } else if heard.contains(&NodeRef::Node(node.clone())) {
                path.heard_by_other();
            }
        }
        self.received.insert_at(from, report, Instant::now());
    }

    /// Remembers the path to the node that was at an address, if another one answers there now.
    fn displace(&mut self, address: SocketAddr, node: &Node) {
        let is_other = |path: &ProbedPath| path.node().is_some_and(|before| before != node);
        if self.paths.get(&address).is_some_and(is_other)
            && let Some(mut path) = self.paths.remove(&address)
        {
            path.displace();
            // One of an address, so that nobody there can make up more.
            let is_kept = |other: &ProbedPath| {
                other.node() != path.node() && other.address() != path.address()
            };
            let (kept, dropped): (Vec<_>, Vec<_>) =
                std::mem::take(&mut self.displaced).into_iter().partition(is_kept);
            self.displaced = kept;
            self.displaced.push(path);
            let ends = dropped.into_iter().map(|path| (path.published(), PathChange::Forgotten));
            self.publish(ends);
        }
    }

    /// Records that a proxy of this node answered at an address.
    pub(crate) fn record_self(&mut self, address: SocketAddr, from: Option<SocketAddr>) {
        self.learn_address(from);
        let own = self.task.node.clone();
        self.displace(address, &own);
        let path = self.paths.remove(&address);
        self.publish(path.map(|path| (path.published(), PathChange::Forgotten)));
    }

    /// Records that a proxy probes this one; all have the same admin port.
    pub(crate) fn called_by(&mut self, ip: IpAddr) {
        let is_known = self.listed.iter().any(|address| address.ip() == ip);
        if !is_known && self.admin.is_none_or(|admin| admin.ip() != ip) {
            self.hear_of(SocketAddr::new(ip, self.admin_port));
        }
    }

    /// Records that there may be a proxy at an address.
    pub(crate) fn hear_of(&mut self, address: SocketAddr) {
        if !self.listed.contains(&address) && self.admin != Some(address) {
            self.heard_of.entry(&address, || ());
        }
    }

    /// Returns a node that another proxy gets answers from and that this one does not know, with the
    /// address of that proxy, at most once in a while. In a cluster with more proxies than one probes, a
    /// node may be unknown because others probe it.
    pub(crate) fn unknown_node(&mut self) -> Option<(Node, SocketAddr)> {
        self.asked_for.expire();
        if self.listed.len() > MAX_TARGETS {
            return None;
        }
        let paths = || self.paths.values().chain(&self.displaced);
        let known: HashSet<&Node> = paths().filter_map(ProbedPath::node).collect();
        let is_unknown = |node: &&Node| {
            **node != self.task.node && !known.contains(node) && self.asked_for.get(*node).is_none()
        };
        let unknown = paths().filter(|path| path.answers()).find_map(|path| {
            let (received, report) = self.received.get(path.node()?)?;
            let is_answered = |path: &&PathMeasurement| path.is_answered();
            let nodes = report.paths.iter().filter(is_answered).filter_map(|path| path.to.node());
            let fresh = received.elapsed() < HEARD_OF_FOR;
            Some((nodes.filter(|_| fresh).find(is_unknown)?.clone(), path.address()))
        });
        let (node, _) = unknown.as_ref()?;
        self.asked_for.entry(node, || ());
        unknown
    }

    /// Records that the proxy at an address has said that it stops.
    pub(crate) fn leaves(&mut self, address: SocketAddr) {
        self.heard_of.remove(&address);
        if let Some(path) = self.paths.get_mut(&address) {
            info!(to = %path.to(), "proxy stops");
            path.leave();
            if let Some(node) = path.node() {
                self.left.entry(&node.clone(), || ());
            }
        }
    }

    /// Returns the addresses of all proxies that may probe this one, and its own port.
    pub(crate) fn others(&self) -> (Vec<SocketAddr>, u16) {
        let heard_of = self.heard_of.iter().map(|(address, ..)| address);
        let known = self.paths.keys().chain(&self.listed).chain(heard_of).copied();
        let others: HashSet<_> = known.filter(|address| Some(*address) != self.admin).collect();
        (others.into_iter().collect(), self.admin_port)
    }

    /// Returns the other nodes whose proxies DNS lists and that answer.
    pub(crate) fn live_nodes(&self) -> Vec<Node> {
        let live = self.paths.values().filter(|path| path.is_listed() && path.answers());
        live.filter_map(|path| path.node().cloned()).collect()
    }

    /// Returns how many proxies DNS lists.
    pub(crate) fn listed(&self) -> usize {
        self.listed.len()
    }

    fn learn_address(&mut self, from: Option<SocketAddr>) {
        if self.is_admin_learned {
            let admin = from.map(|from| SocketAddr::new(from.ip(), self.admin_port));
            self.admin = admin.or(self.admin);
        }
    }

    /// Logs changes, and has the series say what is reported.
    fn publish(&self, changes: impl IntoIterator<Item = (NodeRef, PathChange)>) {
        for (to, change) in changes {
            match change {
                PathChange::Broken(cause) => warn!(%to, cause = cause.name(), "path broken"),
                PathChange::Ok => info!(%to, "path ok"),
                PathChange::Forgotten => {}
            }
            // The node may have another proxy by now.
            match self.best().get(&to) {
                Some(path) => self.metrics.set_path_broken(&to, path.cause().is_some()),
                None => self.metrics.remove_path(&to),
            }
        }
    }
}

#[cfg(test)]
mod tests;
