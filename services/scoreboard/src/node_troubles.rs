//! The nodes in trouble; the one place that logs them.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use protocol::node::Node;
use protocol::node_trouble::{NodeTrouble, TroubledNode};
use tokio::time::Instant;
use tracing::{info, warn};

/// How long tasks may run on a node before its proxy is heard: twice as long as a rolling update keeps
/// the proxy away, and no longer than a broken path may take to be reported.
const GRACE: Duration = Duration::from_secs(15);

/// The nodes in trouble.
#[derive(Debug, Default)]
pub(crate) struct NodeTroubles {
    /// Since when nothing probes each node that has a task and no prober.
    unprobed: HashMap<Node, Instant>,
    current: Vec<TroubledNode>,
}

impl NodeTroubles {
    /// Compares the nodes that tasks run on with those that are probed, and adds those in other trouble;
    /// logs what has changed.
    pub(crate) fn update(
        &mut self,
        occupied: &HashSet<Node>,
        probed: &HashSet<Node>,
        others: Vec<TroubledNode>,
    ) {
        let is_probed =
            |node: &Node| probed.contains(node) || probed.iter().any(|probed| probed.may_be(node));
        let unprobed: HashSet<&Node> = occupied.iter().filter(|node| !is_probed(node)).collect();
        self.unprobed.retain(|node, _| unprobed.contains(node));
        for node in unprobed {
            self.unprobed.entry(node.clone()).or_insert_with(Instant::now);
        }
        let unprobed = self.unprobed.iter().filter(|(_, since)| since.elapsed() >= GRACE);
        let unprobed = unprobed.map(|(node, _)| TroubledNode {
            node: node.clone(),
            trouble: NodeTrouble::NoProber,
            addresses: Vec::new(),
            seconds: None,
        });
        let mut troubles: Vec<_> = unprobed.chain(others).collect();
        troubles.sort_unstable();
        let before = std::mem::replace(&mut self.current, troubles);
        log_changes(&before, &self.current);
    }

    /// Returns the nodes in trouble, by name.
    pub(crate) fn current(&self) -> &[TroubledNode] {
        &self.current
    }
}

fn log_changes(before: &[TroubledNode], now: &[TroubledNode]) {
    let is_in = |list: &[TroubledNode], one: &TroubledNode| {
        list.iter().any(|other| (&other.node, other.trouble) == (&one.node, one.trouble))
    };
    for TroubledNode { node, trouble, addresses, seconds } in
        now.iter().filter(|one| !is_in(before, one))
    {
        match trouble {
            NodeTrouble::NoProber => {
                warn!(%node, "no prober: tasks run on this node and no proxy is heard");
            }
            NodeTrouble::SharedName => {
                let message = "several proxies have this node name: give each its --node-id";
                warn!(%node, ?addresses, "{message}");
            }
            NodeTrouble::ClockOff => {
                warn!(%node, seconds, "clock off: it differs from those of most nodes");
            }
        }
    }
    for one in before.iter().filter(|one| !is_in(now, one)) {
        info!(node = %one.node, trouble = one.trouble.name(), "node ok");
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn nodes(names: &[&str]) -> HashSet<Node> {
        names.iter().map(|name| name.parse().expect("a node")).collect()
    }

    fn update(troubles: &mut NodeTroubles, occupied: &[&str], probed: &[&str]) -> Vec<String> {
        troubles.update(&nodes(occupied), &nodes(probed), Vec::new());
        troubles.current().iter().map(|one| one.node.to_string()).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_node_with_tasks_and_no_proxy_is_in_trouble_after_fifteen_seconds() {
        let mut troubles = NodeTroubles::default();
        let none = [""; 0];
        assert_eq!(update(&mut troubles, &["pi1", "pi2"], &["pi1"]), none);
        advance(GRACE - Duration::from_millis(1)).await;
        assert_eq!(update(&mut troubles, &["pi1", "pi2"], &["pi1"]), none);
        advance(Duration::from_millis(1)).await;
        assert_eq!(update(&mut troubles, &["pi1", "pi2"], &["pi1"]), ["pi2"]);
        assert_eq!(update(&mut troubles, &["pi1", "pi2"], &["pi1", "pi2"]), none, "it is there");
        assert_eq!(update(&mut troubles, &["pi1", "pi2"], &["pi1"]), none, "it is away again");
        advance(GRACE).await;
        assert_eq!(update(&mut troubles, &["pi1"], &["pi1"]), none, "so is the node");
    }

    #[tokio::test(start_paused = true)]
    async fn a_proxy_of_another_node_with_the_same_name_is_no_prober() {
        let mut troubles = NodeTroubles::default();
        let occupied = ["pi/2kq4", "pi/7xy9", "zero", "pi3/a"];
        let probed = ["pi/2kq4", "zero/b", "pi3"];
        update(&mut troubles, &occupied, &probed);
        advance(GRACE).await;
        assert_eq!(update(&mut troubles, &occupied, &probed), ["pi/7xy9"]);
    }
}
