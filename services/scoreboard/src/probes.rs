//! What the proxies have measured: the newest report of each, wherever it came from.
//!
//! A proxy that cannot be asked, since the path to it is the broken one, is still reported through
//! others: each relays the reports of those it probes.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

use protocol::node::{Node, NodeRef};
use protocol::node_trouble::TroubledNode;
use protocol::path::ProbeStats;
use protocol::probe::{ProbeFailure, ProbeReport, ProbeReports};
use server::expiring::ExpiringMap;
use tokio::time::Instant;

use crate::namesakes::Namesakes;
use crate::window::MEMORY;

/// Maximum number of proxies whose report is stored; each takes 2 KB.
pub(crate) const MAX_REPORTS: usize = 512;

/// Maximum number of paths of a report; a proxy probes 16.
pub(crate) const MAX_PATHS: usize = 32;

/// Maximum number of nodes of a report that have left; a proxy names 8.
const MAX_LEFT: usize = 8;

/// The age of its last report at which a proxy is asked for through the others.
const OVERDUE_AFTER: Duration = Duration::from_millis(2500);

/// Maximum number of proxies that are asked for through another.
const MAX_OVERDUE: usize = 16;

/// The age of a report at which the state of its paths is unknown.
pub(crate) const STALE_AFTER: Duration = Duration::from_secs(10);

/// Each proxy's newest report, by its node.
#[derive(Debug)]
pub(crate) struct ProbeStore {
    reports: ExpiringMap<Node, ProbeReport>,
    namesakes: Namesakes,
}

/// What a node's proxy has reported of its path to another node.
#[derive(Debug)]
pub(crate) struct PathReport {
    /// The node of the proxy that probes.
    pub(crate) from: Node,
    /// The node that is probed.
    pub(crate) to: NodeRef,
    /// What the probes measured.
    pub(crate) stats: ProbeStats,
    /// Whether it loses packets.
    pub(crate) is_lossy: bool,
    /// Why it is broken, if it is.
    pub(crate) cause: Option<ProbeFailure>,
    /// Whether this is too old to be the state of the path.
    pub(crate) is_stale: bool,
}

impl Default for ProbeStore {
    fn default() -> Self {
        let reports = ExpiringMap::new(MAX_REPORTS, MEMORY);
        Self { reports, namesakes: Namesakes::default() }
    }
}

impl ProbeStore {
    /// Stores a proxy's reports, its own and those it relays, where they are the newest. What is relayed
    /// may leave out paths that are ok, and then replaces only what is overdue.
    pub(crate) fn store(&mut self, reports: ProbeReports) {
        let now = Instant::now();
        for (n, aged) in reports.reports.into_iter().enumerate() {
            let age = Duration::from_millis(aged.age_ms);
            let Some(made) = now.checked_sub(age).filter(|_| age < MEMORY) else { continue };
            let mut report = aged.report;
            self.namesakes.heard(&report, made);
            let node = report.proxy.node.clone();
            let replaces = |(last, before): (Instant, &ProbeReport)| {
                let is_whole = n == 0 || report.paths.len() >= before.paths.len();
                last < made && (is_whole || last.elapsed() >= OVERDUE_AFTER)
            };
            if self.reports.get(&node).is_none_or(replaces) {
                report.paths.truncate(MAX_PATHS);
                report.left.truncate(MAX_LEFT);
                self.reports.insert_at(node, report, made);
            }
        }
    }

    /// Removes the reports of proxies on other nodes than those that are known.
    pub(crate) fn retain(&mut self, is_known: impl Fn(&Node) -> bool) {
        self.reports.retain(is_known);
    }

    fn fresh(&self) -> impl Iterator<Item = (&Node, &ProbeReport)> {
        let fresh = self.reports.iter().filter(|(_, made, _)| made.elapsed() < STALE_AFTER);
        fresh.map(|(node, _, report)| (node, report))
    }

    /// Returns all ends of paths that fresh reports are of.
    fn ends(&self) -> BTreeSet<NodeRef> {
        let nodes_by_address = self.nodes_by_address();
        let mut nodes = BTreeSet::new();
        for (node, report) in self.fresh() {
            nodes.insert(NodeRef::Node(node.clone()));
            nodes.extend(report.paths.iter().map(|path| resolve(&path.to, &nodes_by_address)));
        }
        nodes
    }

    /// Returns the nodes whose proxies have not reported for a moment.
    pub(crate) fn overdue(&self) -> Vec<Node> {
        let is_overdue = |node: &Node| {
            self.reports.get(node).is_none_or(|(made, _)| made.elapsed() >= OVERDUE_AFTER)
        };
        self.nodes().filter(is_overdue).take(MAX_OVERDUE).collect()
    }

    /// Returns the nodes that fresh reports are of.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = Node> {
        self.ends().into_iter().filter_map(|end| end.node().cloned())
    }

    /// Returns the names that several nodes share.
    pub(crate) fn shared_names(&self) -> Vec<TroubledNode> {
        self.namesakes.shared()
    }

    /// Returns the nodes by the addresses of their proxies, which is what others know a node by
    /// before its proxy has answered them. A name that several proxies have is none of an address.
    fn nodes_by_address(&self) -> HashMap<SocketAddr, &Node> {
        let known = self.reports.iter().filter(|(node, ..)| !self.namesakes.has_several(node));
        known.filter_map(|(node, _, report)| Some((report.admin?, node))).collect()
    }

    /// Removes the reports of proxies that have stopped and said so.
    fn remove_left(&mut self) {
        let left: HashSet<Node> =
            self.fresh().flat_map(|(_, report)| &report.left).cloned().collect();
        let fresh: HashSet<Node> = self.fresh().map(|(node, _)| node.clone()).collect();
        self.reports.retain(|node| fresh.contains(node) || !left.contains(node));
    }

    /// Returns each path that was reported in the last minute, unless its proxy has left since.
    pub(crate) fn paths(&mut self) -> Vec<PathReport> {
        self.reports.expire();
        self.remove_left();
        self.namesakes.expire();
        let nodes_by_address = self.nodes_by_address();
        let mut paths = Vec::new();
        for (from, made, report) in self.reports.iter() {
            let is_stale = made.elapsed() >= STALE_AFTER;
            paths.extend(report.paths.iter().map(|path| PathReport {
                from: from.clone(),
                to: resolve(&path.to, &nodes_by_address),
                stats: path.into(),
                is_lossy: path.loss.is_some_and(|loss| loss.is_lossy),
                cause: path.cause.filter(|_| !is_stale),
                is_stale,
            }));
        }
        paths
    }

    /// Returns how many nodes have a proxy, and how many of their pairs have a fresh measurement.
    pub(crate) fn coverage(&self) -> (usize, usize) {
        let measured = self.fresh().map(|(_, report)| report.paths.len()).sum();
        (self.ends().len(), measured)
    }
}

/// Replaces an address by its node, if that is known.
fn resolve(end: &NodeRef, nodes_by_address: &HashMap<SocketAddr, &Node>) -> NodeRef {
    match end {
        NodeRef::Address(address) => nodes_by_address
            .get(address)
            .map_or_else(|| end.clone(), |node| NodeRef::Node((*node).clone())),
        NodeRef::Node(_) => end.clone(),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use protocol::id::InstanceId;
    use protocol::name::Name;
    use protocol::probe::{AgedReport, PathMeasurement};
    use tokio::time::advance;

    use super::*;

    /// A report of a node's proxy: to whom, and why it is broken.
    pub(crate) fn report(from: &str, paths: &[(&str, Option<ProbeFailure>)]) -> ProbeReport {
        let path = |(to, cause): &(&str, Option<ProbeFailure>)| PathMeasurement {
            to: to.parse().expect("a node"),
            cause: *cause,
            median: Some(300),
            p99: Some(900),
            sent: 32,
            lost: 3 * u32::from(cause.is_some()),
            loss: None,
        };
        ProbeReport {
            proxy: format!("proxy.1@{from}").parse().expect("a task"),
            instance: Some(InstanceId::from(
                from.replace('/', "-").parse::<Name>().expect("an id"),
            )),
            admin: from.as_bytes().get(2).map(|last| ([10, 0, 9, *last], 3001).into()),
            udp: None,
            paths: paths.iter().map(path).collect(),
            left: Vec::new(),
            ports: None,
        }
    }

    pub(crate) fn reports(reports: impl IntoIterator<Item = (u64, ProbeReport)>) -> ProbeReports {
        let aged = |(age_ms, report)| AgedReport { age_ms, report };
        ProbeReports { reports: reports.into_iter().map(aged).collect() }
    }

    fn node(text: &str) -> Node {
        text.parse().expect("a node")
    }

    /// The paths reported, with why they are broken.
    fn causes(probes: &mut ProbeStore) -> Vec<(String, Option<ProbeFailure>)> {
        let paths = probes.paths().into_iter();
        let mut causes: Vec<_> =
            paths.map(|path| (format!("{}>{}", path.from, path.to), path.cause)).collect();
        causes.sort_by(|one, other| one.0.cmp(&other.0));
        causes
    }

    #[tokio::test(start_paused = true)]
    async fn the_newest_report_wins_regardless_of_the_relay() {
        let mut probes = ProbeStore::default();
        advance(Duration::from_secs(100)).await;
        let broken = Some(ProbeFailure::Timeout);
        probes.store(reports([(0, report("pi1", &[("pi2", None)]))]));
        advance(Duration::from_secs(3)).await;
        probes.store(reports([(5000, report("pi1", &[("pi2", broken)]))]));
        assert_eq!(causes(&mut probes), [("pi1>pi2".to_owned(), None)], "older than what is known");
        probes.store(reports([(1000, report("pi1", &[("pi2", broken)]))]));
        assert_eq!(causes(&mut probes), [("pi1>pi2".to_owned(), broken)]);
        probes.store(reports([(u64::MAX, report("pi9", &[("pi2", broken)]))]));
        assert_eq!(causes(&mut probes).len(), 1, "older than anything that is stored");
    }

    #[tokio::test(start_paused = true)]
    async fn a_copy_that_leaves_out_paths_counts_once_the_report_is_overdue() {
        let mut probes = ProbeStore::default();
        probes.store(reports([(0, report("pi1", &[("pi2", None), ("pi3", None)]))]));
        let relayed = || reports([(0, report("pi2", &[])), (0, report("pi1", &[("pi2", None)]))]);
        advance(OVERDUE_AFTER - Duration::from_millis(1)).await;
        probes.store(relayed());
        assert_eq!(causes(&mut probes).len(), 2);
        advance(Duration::from_millis(1)).await;
        probes.store(relayed());
        assert_eq!(causes(&mut probes).len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn overdue_reports_are_requested_through_other_proxies() {
        let mut probes = ProbeStore::default();
        probes.store(reports([(0, report("pi1", &[("pi2", None), ("pi3", None)]))]));
        assert_eq!(probes.overdue(), ["pi2", "pi3"].map(node));
        probes.store(reports([(0, report("pi2", &[])), (1000, report("pi3", &[]))]));
        assert_eq!(probes.overdue(), []);
        advance(Duration::from_secs(2)).await;
        assert_eq!(probes.overdue(), [node("pi3")]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_never_answered_is_named_by_the_report_that_has_it() {
        let mut probes = ProbeStore::default();
        let broken = Some(ProbeFailure::Timeout);
        probes.store(reports([(0, report("pi1", &[("10.0.9.50:3001", broken)]))]));
        assert_eq!(causes(&mut probes), [("pi1>10.0.9.50:3001".to_owned(), broken)]);
        assert_eq!(probes.overdue(), [], "nobody can be asked for an address");
        probes.store(reports([(0, report("pi2", &[]))]));
        assert_eq!(causes(&mut probes), [("pi1>pi2".to_owned(), broken)], "'2' is 50");
        assert_eq!(probes.coverage(), (2, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn reports_expire_after_a_minute() {
        let mut probes = ProbeStore::default();
        probes.store(reports([(0, report("pi1", &[("pi2", None)]))]));
        advance(STALE_AFTER).await;
        assert_eq!(probes.coverage(), (0, 0));
        assert!(probes.paths()[0].is_stale);
        advance(MEMORY).await;
        assert_eq!(causes(&mut probes), []);
    }

    #[test]
    fn stored_reports_are_bounded() {
        let mut probes = ProbeStore::default();
        let others: Vec<String> = (0..MAX_OVERDUE * 4).map(|n| format!("other{n}")).collect();
        let paths: Vec<_> = others.iter().map(|to| (to.as_str(), None)).collect();
        for n in 0..2 * MAX_REPORTS {
            probes.store(reports([(0, report(&format!("pi{n}"), &paths))]));
        }
        assert_eq!(probes.paths().len(), MAX_REPORTS * MAX_PATHS);
        assert_eq!(probes.overdue().len(), MAX_OVERDUE);
    }
}
