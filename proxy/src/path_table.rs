//! What a proxy knows of all paths: its own measurements, and the reports received from others. The
//! one place that turns changes into log lines and series.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

use protocol::id::InstanceId;
use protocol::node::{Node, NodeRef};
use protocol::probe::{AgedReport, ProbeFailure, ProbeReport, ProbeReports};
use protocol::task::Task;
use server::expiring::ExpiringMap;
use tokio::time::Instant;
use tracing::{info, warn};

use crate::metrics::Metrics;
use crate::path_health::{PathHealth, ProbeOutcome};
use crate::probe::ProbeResult;
use crate::probe_targets::probe_targets;

mod probed_path;

use probed_path::{PathChange, ProbedPath};

/// How long the path to a proxy that discovery does not list is remembered, and a report.
const FORGET_AFTER: Duration = Duration::from_secs(60);

/// Maximum number of bytes of a report that goes with an answer: with its headers less than the
/// smallest packet that large ones are distinguished from.
const MAX_COMPACT_BYTES: usize = 1000;

/// Maximum number of reports that are kept: those of 16 targets, and of some former ones.
const MAX_RECEIVED: usize = 64;

/// Maximum number of paths that are kept of a received report.
const MAX_RECEIVED_PATHS: usize = 32;

/// The paths that one proxy knows.
#[derive(Debug)]
pub(crate) struct PathTable {
    task: Task,
    instance: Option<InstanceId>,
    admin_port: u16,
    /// This proxy's own address, as its connections to others show it.
    admin: Option<SocketAddr>,
    paths: HashMap<SocketAddr, ProbedPath>,
    received: ExpiringMap<Node, ProbeReport>,
    metrics: Metrics,
}

impl PathTable {
    /// Makes the table of a proxy with this admin port.
    pub(crate) fn new(
        task: Task,
        instance: InstanceId,
        admin: SocketAddr,
        metrics: Metrics,
    ) -> Self {
        Self {
            instance: task.node.id.is_none().then_some(instance),
            task,
            admin_port: admin.port(),
            admin: (!admin.ip().is_unspecified()).then_some(admin),
            paths: HashMap::new(),
            received: ExpiringMap::new(MAX_RECEIVED, FORGET_AFTER),
            metrics,
        }
    }

    /// Selects the addresses to probe among those that discovery lists, and updates what depends on
    /// that and on the time.
    pub(crate) fn select(&mut self, listed: &[SocketAddr]) -> Vec<SocketAddr> {
        let others = listed.iter().copied().filter(|address| Some(*address) != self.admin);
        let targets = probe_targets(&self.task.node, &others.collect::<Vec<_>>());
        for (address, path) in &mut self.paths {
            let since = path.deselected.unwrap_or_else(Instant::now);
            path.deselected = (!targets.contains(address)).then_some(since);
        }
        self.received.expire();
        let selected = self.paths.values().filter(|path| path.deselected.is_none());
        let reached: HashSet<_> = selected.map(ProbedPath::to).collect();
        let mut changes = Vec::new();
        self.paths.retain(|address, path| {
            let Some(since) = path.deselected else { return true };
            // Not if it is another proxy's target by now, or never answered; nor if the node's next
            // proxy has replaced it.
            let keep = path.has_answered()
                && !listed.contains(address)
                && !reached.contains(&path.to())
                && since.elapsed() < FORGET_AFTER;
            if !keep {
                changes.push((path.to(), PathChange::Forgotten));
            }
            keep
        });
        changes.extend(self.paths.values_mut().filter_map(ProbedPath::change));
        self.publish(changes);
        targets
    }

    /// Returns why the path to an address was broken when it was last probed.
    pub(crate) fn last_cause(&self, address: SocketAddr) -> Option<ProbeFailure> {
        self.paths.get(&address)?.last_cause()
    }

    /// Records a probe of an address, and the health of its path since.
    pub(crate) fn record(&mut self, address: SocketAddr, health: &PathHealth, probe: ProbeResult) {
        self.learn_address(probe.from);
        let path = self.paths.entry(address).or_insert_with(|| ProbedPath::new(address, health));
        let node = probe.report.as_ref().map(|report| report.proxy.node.clone());
        // A path to another node that has this node's name, and no id, is told by its address.
        let named = node.clone().filter(|node| *node != self.task.node);
        let changes = path.update(health, named);
        let to = path.to();
        self.publish(changes);
        if let NodeRef::Node(_) = to {
            match probe.outcome {
                ProbeOutcome::Answered(rtt) => self.metrics.probe_answered(&to, rtt),
                ProbeOutcome::NotConnected(cause) | ProbeOutcome::NotAnswered(cause) => {
                    self.metrics.probe_failed(&to, cause);
                }
            }
        }
        if let (Some(node), Some(mut report)) = (node, probe.report) {
            report.paths.truncate(MAX_RECEIVED_PATHS);
            self.received.insert_at(node, report, Instant::now());
        }
    }

    /// Records that a proxy of this node answered at an address.
    pub(crate) fn record_self(&mut self, address: SocketAddr, from: Option<SocketAddr>) {
        self.learn_address(from);
        let path = self.paths.remove(&address);
        self.publish(path.map(|path| (path.to(), PathChange::Forgotten)));
    }

    fn learn_address(&mut self, from: Option<SocketAddr>) {
        let admin = from.map(|from| SocketAddr::new(from.ip(), self.admin_port));
        self.admin = admin.or(self.admin);
    }

    /// Logs and counts changes.
    fn publish(&self, changes: impl IntoIterator<Item = (NodeRef, PathChange)>) {
        for (to, change) in changes {
            match change {
                PathChange::Broken(cause) => {
                    warn!(%to, cause = cause.name(), "path broken");
                    self.metrics.set_path_broken(&to, true);
                }
                PathChange::Ok => {
                    info!(%to, "path ok");
                    self.metrics.set_path_broken(&to, self.has_broken_namesake(&to));
                }
                // The node may have another proxy by now.
                PathChange::Forgotten if self.paths.values().any(|path| path.to() == to) => {}
                PathChange::Forgotten => self.metrics.remove_path(&to),
            }
        }
    }

    /// Returns whether a path is broken to a node that cannot be told from this one.
    fn has_broken_namesake(&self, to: &NodeRef) -> bool {
        let mut listed = self.paths.values().filter(|path| path.deselected.is_none());
        listed.any(|path| path.to() == *to && !path.has_id() && path.cause().is_some())
    }

    /// Returns what this proxy has measured, the broken paths first.
    pub(crate) fn report(&self) -> ProbeReport {
        // An address that has never answered may simply be new.
        let is_known = |path: &ProbedPath| path.has_answered() || path.cause().is_some();
        let mut best: Vec<_> = self.paths.iter().filter(|(_, path)| is_known(path)).collect();
        // Of two proxies on one node, the one that is listed and answers counts. Without an id they may
        // be on two nodes with one name, and the one that does not answer counts.
        best.sort_unstable_by_key(|(address, path)| {
            let counts = path.cause().is_none() == path.has_id();
            Reverse((path.deselected.is_none(), counts, **address))
        });
        let mut nodes = HashSet::new();
        best.retain(|(_, path)| nodes.insert(path.to()));
        let mut paths: Vec<_> = best.into_iter().map(|(_, path)| path.measurement()).collect();
        paths.sort_unstable_by_key(|path| (path.cause.is_none(), path.to.clone()));
        let (proxy, instance) = (self.task.clone(), self.instance.clone());
        ProbeReport { proxy, instance, admin: self.admin, paths }
    }

    /// Returns the report as JSON that fits into one packet. Sixteen paths do, unless their names
    /// are uncommonly long; then some that are ok are left out.
    pub(crate) fn compact_report(&self) -> String {
        let mut report = self.report();
        loop {
            let text = serde_json::to_string(&report).expect("a report is plain data");
            if text.len() <= MAX_COMPACT_BYTES || report.paths.pop().is_none() {
                return text;
            }
        }
    }

    /// Returns the own report, and those received from others; from these nodes only, if any are
    /// named.
    pub(crate) fn reports(&self, nodes: Option<&[Node]>) -> ProbeReports {
        let own = AgedReport { age_ms: 0, report: self.report() };
        let is_wanted = |node: &Node| nodes.is_none_or(|nodes| nodes.contains(node));
        let received = self.received.iter().filter(|(node, ..)| is_wanted(node));
        let received = received.map(|(_, when, report)| {
            let age_ms = u64::try_from(when.elapsed().as_millis()).unwrap_or(u64::MAX);
            AgedReport { age_ms, report: report.clone() }
        });
        ProbeReports { reports: std::iter::once(own).chain(received).collect() }
    }
}

#[cfg(test)]
mod tests;
