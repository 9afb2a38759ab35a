//! Which nodes there are: those that a task has answered from, at an address that discovery lists.
//!
//! Peers name nodes in what they report, and may make names up. What they report of nodes that are not
//! known here is left out, and so are paths to addresses that discovery does not list.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::time::Duration;

use protocol::node::{Node, NodeRef};
use protocol::probe::{ProbeReport, ProbeReports};
use server::expiring::ExpiringMap;

use crate::window::MEMORY;

/// Maximum number of addresses: twice as many as there may be tasks, since all may be replaced.
const MAX_ADDRESSES: usize = 1024;

/// How long an address and its node are known after discovery listed it last: for a minute proxies
/// report the paths to a node that is lost, and for another such a report is kept.
const KNOWN_FOR: Duration = MEMORY.saturating_mul(2);

/// The addresses of admin ports that discovery lists, and the nodes of the tasks there.
#[derive(Debug)]
pub(crate) struct KnownNodes {
    addresses: ExpiringMap<SocketAddr, Occupants>,
    /// The nodes at all addresses.
    nodes: HashSet<Node>,
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
        Self { addresses, nodes: HashSet::new() }
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
        self.nodes.contains(node)
    }

    fn is_end(&self, end: &NodeRef) -> bool {
        match end {
            NodeRef::Node(node) => self.contains(node),
            NodeRef::Address(address) => self.addresses.get(address).is_some(),
        }
    }

    /// Removes what is not of known nodes.
    pub(crate) fn retain_known(&mut self, reports: &mut ProbeReports) {
        reports.reports.iter().for_each(|aged| self.heard(&aged.report));
        reports.reports.retain_mut(|aged| {
            aged.report.paths.retain(|path| self.is_end(&path.to));
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

    /// Returns the paths that are left of what a proxy has reported, its own first.
    fn known(nodes: &mut KnownNodes, reported: &[(&str, Option<u8>, &[&str])]) -> Vec<String> {
        let reported = reported.iter().map(|(from, admin, to)| {
            let paths: Vec<_> = to.iter().map(|to| (*to, None)).collect();
            (0, ProbeReport { admin: admin.map(address), ..report(from, &paths) })
        });
        let mut reports = reports(reported);
        nodes.retain_known(&mut reports);
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
        assert_eq!(known(&mut nodes, &reported), ["pi1>pi2", "pi1>10.0.9.2:3001"]);
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
        assert_eq!(known(&mut nodes, &reported), ["pi1>pi2", "pi2>pi1"]);
        nodes.answered(address(2), &node("pi3"), true);
        nodes.listed([]);
        assert_eq!(known(&mut nodes, &reported), [""; 0]);
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
