//! Which nodes there are: those that a task has answered from, at an address that discovery lists, and
//! those that two proxies report.
//!
//! Peers name nodes in what they report, and may make names up. What they report of nodes that are not
//! known here is left out, and so are paths to addresses that discovery does not list, but for those that
//! are listed to another proxy and stale.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

use protocol::node::{Node, NodeRef};
use protocol::probe::{PathMeasurement, ProbeFailure, ProbeReport, ProbeReports};
use server::expiring::ExpiringMap;

use crate::probes::MAX_PATHS;
use crate::window::MEMORY;

/// Maximum number of addresses: twice as many as there may be tasks, since all may be replaced.
const MAX_ADDRESSES: usize = 1024;

/// How long an address and its node are known after discovery listed it last: for ten minutes proxies
/// report the paths to a node that is lost, and for another such a report is kept.
const KNOWN_FOR: Duration = MEMORY.saturating_mul(11);

/// Maximum number of nodes that are reported and that no task has answered from, once for each proxy.
const MAX_REPORTED: usize = 1024;

/// How long a proxy counts as reporting a node: some polls.
const REPORTED_FOR: Duration = Duration::from_secs(10);

/// How many proxies it takes to make a node known, so that none can make up one alone.
const MIN_REPORTERS: usize = 2;

/// The addresses of admin ports that discovery lists, and the nodes of the tasks there.
#[derive(Debug)]
pub(crate) struct KnownNodes {
    addresses: ExpiringMap<SocketAddr, Occupants>,
    /// The nodes at all addresses.
    nodes: HashSet<Node>,
    /// The other nodes that proxies report, each with the proxy's address.
    reported: ExpiringMap<(Node, SocketAddr), ()>,
    /// Those of them that several proxies report.
    agreed: HashSet<Node>,
}

/// The nodes of those who have been at an address: two at most, so that nobody there can make up more.
#[derive(Debug, Default)]
struct Occupants {
    /// The node of the task that answered last.
    last: Option<Node>,
    /// The node of the one before, which may be lost since, and its address another task's.
    before: Option<Node>,
    /// Where none has answered, the node of the proxy that others have heard there.
    reported: Option<Node>,
}

impl Default for KnownNodes {
    fn default() -> Self {
        let addresses = ExpiringMap::new(MAX_ADDRESSES, KNOWN_FOR);
        let reported = ExpiringMap::new(MAX_REPORTED, REPORTED_FOR);
        Self { addresses, nodes: HashSet::new(), reported, agreed: HashSet::new() }
    }
}

impl KnownNodes {
    /// Records which addresses discovery lists; forgets those that it has not listed for long.
    pub(crate) fn listed(&mut self, addresses: impl IntoIterator<Item = SocketAddr>) {
        for address in addresses {
            self.addresses.entry(&address, Occupants::default);
        }
        self.addresses.expire();
        let occupants = self.addresses.iter().map(|(.., occupants)| occupants);
        self.nodes = occupants.flat_map(Occupants::nodes).cloned().collect();
        self.reported.expire();
        let mut reporters = HashMap::<&Node, usize>::new();
        for ((node, _), ..) in self.reported.iter() {
            *reporters.entry(node).or_default() += 1;
        }
        let agreed = reporters.into_iter().filter(|(_, count)| *count >= MIN_REPORTERS);
        self.agreed = agreed.map(|(node, _)| node.clone()).collect();
    }

    /// Records that a task answered from a node, and whether discovery lists its address; one that
    /// never was listed does not count.
    pub(crate) fn answered(&mut self, address: SocketAddr, node: &Node, is_listed: bool) {
        if !is_listed && self.addresses.get(&address).is_none() {
            return;
        }
        let occupants = self.addresses.entry(&address, Occupants::default);
        if occupants.last.as_ref() != Some(node) {
            occupants.before = occupants.last.replace(node.clone());
            self.nodes.insert(node.clone());
        }
    }

    /// Records a proxy that others have heard: where this scoreboard was never answered itself, since
    /// that path is broken, the first one at a listed address counts.
    fn heard(&mut self, report: &ProbeReport) {
        let Some(address) = report.admin else { return };
        let is_unknown = |occupants: &Occupants| occupants.nodes().next().is_none();
        if self.addresses.get(&address).is_some_and(|(_, occupants)| is_unknown(occupants)) {
            let occupants = self.addresses.entry(&address, Occupants::default);
            occupants.reported = Some(report.proxy.node.clone());
            self.nodes.insert(report.proxy.node.clone());
        }
    }

    /// Returns whether a node is known.
    pub(crate) fn contains(&self, node: &Node) -> bool {
        self.nodes.contains(node) || self.agreed.contains(node)
    }

    fn is_end(&self, end: &NodeRef) -> bool {
        match end {
            NodeRef::Node(node) => self.contains(node),
            NodeRef::Address(address) => self.addresses.get(address).is_some(),
        }
    }

    /// Removes what is not of known nodes from what the proxy at an address reports, its own first.
    pub(crate) fn retain_known(&mut self, from: SocketAddr, reports: &mut ProbeReports) {
        reports.reports.iter().for_each(|aged| self.heard(&aged.report));
        for path in reports.reports.iter().take(1).flat_map(|own| &own.report.paths).take(MAX_PATHS)
        {
            if let Some(node) = path.to.node()
                && !self.nodes.contains(node)
            {
                self.reported.entry(&(node.clone(), from), || ());
            }
        }
        let mut is_own = true;
        reports.reports.retain_mut(|aged| {
            // What is listed to a proxy, it alone can say.
            let is_stale =
                |path: &PathMeasurement| is_own && path.cause == Some(ProbeFailure::StaleDns);
            aged.report.paths.retain(|path| self.is_end(&path.to) || is_stale(path));
            is_own = false;
            self.contains(&aged.report.proxy.node)
        });
    }
}

impl Occupants {
    fn nodes(&self) -> impl Iterator<Item = &Node> {
        let reported = self.reported.iter().filter(|_| self.last.is_none());
        self.last.iter().chain(&self.before).chain(reported)
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;
    use crate::probes::tests::{report, reports};

    fn address(n: u8) -> SocketAddr {
        ([10, 0, 9, n], 3001).into()
    }

    fn node(name: &str) -> Node {
        name.parse().expect("a node")
    }

    /// Returns the paths that are left of what the proxy at an address has reported, its own first.
    fn known(
        nodes: &mut KnownNodes,
        from: u8,
        reported: &[(&str, Option<u8>, &[&str])],
    ) -> Vec<String> {
        let reported = reported.iter().map(|(from, admin, to)| {
            let paths: Vec<_> = to.iter().map(|to| (*to, None)).collect();
            (0, ProbeReport { admin: admin.map(address), ..report(from, &paths) })
        });
        let mut reports = reports(reported);
        nodes.retain_known(address(from), &mut reports);
        let paths = reports.reports.iter().flat_map(|aged| {
            let from = &aged.report.proxy.node;
            aged.report.paths.iter().map(move |path| format!("{from}>{}", path.to))
        });
        paths.collect()
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_reported_of_nodes_that_nobody_answered_from_is_left_out() {
        let mut nodes = KnownNodes::default();
        nodes.listed([address(1), address(2)]);
        nodes.answered(address(1), &node("pi1"), true);
        nodes.answered(address(2), &node("pi2"), true);
        nodes.answered(address(8), &node("pi8"), false);
        let reported: [(&str, Option<u8>, &[&str]); 3] = [
            ("pi1", Some(1), &["pi2", "ghost", "10.0.9.2:3001", "10.0.9.8:3001", "pi8"]),
            ("ghost", None, &["pi1"]),
            ("other", Some(2), &["pi1", "ghost"]),
        ];
        assert_eq!(known(&mut nodes, 1, &reported), ["pi1>pi2", "pi1>10.0.9.2:3001"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_node_is_known_while_it_is_listed_and_two_minutes_more() {
        let mut nodes = KnownNodes::default();
        nodes.answered(address(1), &node("pi1"), true);
        for _ in 0..1000 {
            advance(Duration::from_secs(1)).await;
            nodes.listed([address(1)]);
        }
        advance(KNOWN_FOR - Duration::from_millis(1)).await;
        nodes.listed([address(2)]);
        assert!(nodes.contains(&node("pi1")));
        advance(Duration::from_millis(1)).await;
        nodes.listed([address(2)]);
        assert!(!nodes.contains(&node("pi1")));
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_node_is_known_when_its_address_is_another_task_s() {
        let mut nodes = KnownNodes::default();
        nodes.answered(address(1), &node("pi1"), true);
        nodes.answered(address(1), &node("pi2"), true);
        nodes.listed([address(1)]);
        assert!(nodes.contains(&node("pi1")) && nodes.contains(&node("pi2")));
    }

    #[tokio::test(start_paused = true)]
    async fn a_proxy_that_others_hear_at_a_listed_address_is_a_node_until_a_task_answers_there() {
        let mut nodes = KnownNodes::default();
        nodes.listed([address(1), address(2)]);
        nodes.answered(address(1), &node("pi1"), true);
        let reported: [(&str, Option<u8>, &[&str]); 3] = [
            ("pi1", Some(1), &["pi2", "ghost"]),
            ("pi2", Some(2), &["pi1"]),
            ("ghost", Some(2), &["pi1"]),
        ];
        assert_eq!(known(&mut nodes, 1, &reported), ["pi1>pi2", "pi2>pi1"]);
        nodes.answered(address(2), &node("pi3"), true);
        nodes.listed([]);
        assert_eq!(known(&mut nodes, 1, &reported), [""; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_that_two_proxies_report_is_known_and_none_that_one_reports() {
        let mut nodes = KnownNodes::default();
        let listed = [address(1), address(2)];
        nodes.listed(listed);
        nodes.answered(address(1), &node("pi1"), true);
        nodes.answered(address(2), &node("pi2"), true);
        // Of what one relays, none counts as reported by another.
        let own: (&str, _, &[&str]) = ("pi1", Some(1), &["pi3", "ghost"]);
        assert_eq!(known(&mut nodes, 1, &[own, ("pi2", Some(2), &["ghost"])]), [""; 0]);
        nodes.listed(listed);
        assert_eq!(known(&mut nodes, 2, &[("pi2", Some(2), &["pi3"])]), [""; 0]);
        nodes.listed(listed);
        assert_eq!(known(&mut nodes, 1, &[own]), ["pi1>pi3"]);
        advance(REPORTED_FOR).await;
        nodes.listed(listed);
        assert_eq!(known(&mut nodes, 1, &[own]), [""; 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_changes_its_node_without_end_makes_two_of_them() {
        let mut nodes = KnownNodes::default();
        for n in 0..1000 {
            nodes.answered(address(1), &node(&format!("pi{n}")), true);
            nodes.listed([address(1)]);
        }
        assert_eq!(nodes.nodes.len(), 2);
        nodes.listed((0..=u16::MAX).map(|port| ([10, 0, 9, 9], port).into()));
        assert!(nodes.addresses.len() <= MAX_ADDRESSES);
    }
}
