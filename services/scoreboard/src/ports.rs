//! What the proxies have found out about published ports and virtual addresses.
//!
//! Only a proxy itself says so. One that cannot be asked is not known to see anything broken.

use protocol::node::Node;
use protocol::port::{PortMeasurement, PortStatus};
use protocol::probe::ProbeReport;
use server::expiring::ExpiringMap;
use tokio::time::Instant;

use crate::probes::{MAX_REPORTS, STALE_AFTER};
use crate::window::MEMORY;

/// Maximum number of ports of a report: a proxy judges those of 16 nodes, and 16 others.
const MAX_PORTS: usize = 32;

/// Maximum number of nodes that a port is said to lead to; a proxy names 16.
const MAX_NODES: usize = 16;

/// The ports that each proxy checks, by its node.
#[derive(Debug)]
pub(crate) struct PortStore(ExpiringMap<Node, Vec<PortMeasurement>>);

impl Default for PortStore {
    fn default() -> Self {
        Self(ExpiringMap::new(MAX_REPORTS, MEMORY))
    }
}

impl PortStore {
    /// Stores what a proxy has reported itself, as far as it is of nodes that are known.
    pub(crate) fn store(&mut self, report: &mut ProbeReport, is_known: impl Fn(&Node) -> bool) {
        let node = &report.proxy.node;
        let Some(mut ports) = report.ports.take().filter(|_| is_known(node)) else {
            self.0.remove(node);
            return;
        };
        ports.truncate(MAX_PORTS);
        for one in &mut ports {
            one.port.node = one.port.node.take().filter(&is_known);
            for nodes in [&mut one.answered, &mut one.unreached] {
                nodes.truncate(MAX_NODES);
                nodes.retain(&is_known);
            }
        }
        self.0.insert_at(node.clone(), ports, Instant::now());
    }

    /// Removes the reports of proxies on other nodes than those that are known.
    pub(crate) fn retain(&mut self, is_known: impl Fn(&Node) -> bool) {
        self.0.retain(is_known);
    }

    /// Returns each port as it is seen from each node, by the nodes; none if no proxy is to check any.
    pub(crate) fn statuses(&mut self) -> Option<Vec<PortStatus>> {
        self.0.expire();
        let statuses = self.0.iter().flat_map(|(from, reported, ports)| {
            let is_stale = reported.elapsed() >= STALE_AFTER;
            ports.iter().cloned().map(move |one| PortStatus {
                from: from.clone(),
                is_stale,
                since: None,
                port: one.port,
                cause: one.cause.filter(|_| !is_stale),
                answered: one.answered,
                unreached: one.unreached,
            })
        });
        let mut statuses: Vec<_> = statuses.collect();
        let key = |one: &PortStatus| (one.from.clone(), one.port.clone());
        statuses.sort_by_cached_key(key);
        (!self.0.is_empty()).then_some(statuses)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use protocol::port::{Port, PortKind, PortProblem};
    use protocol::probe::ProbeFailure;
    use tokio::time::advance;

    use super::*;
    use crate::probes::tests::report;

    const TIMEOUT: PortProblem = PortProblem::Failed(ProbeFailure::Timeout);

    fn node(text: &str) -> Node {
        text.parse().expect("a node")
    }

    fn port(node: &str, cause: Option<PortProblem>) -> PortMeasurement {
        let address = format!("{node}.local:3000").parse().expect("an address");
        let port = Port { kind: PortKind::Published, node: node.parse().ok(), address };
        PortMeasurement { port, cause, answered: vec![self::node(node)], unreached: Vec::new() }
    }

    fn store(ports: &mut PortStore, from: &str, measured: Option<Vec<PortMeasurement>>) {
        let mut report = ProbeReport { ports: measured, ..report(from, &[]) };
        ports.store(&mut report, |node| node.name.as_str().starts_with("pi"));
    }

    fn shown(ports: &mut PortStore) -> Option<Vec<String>> {
        let statuses = ports.statuses()?.into_iter();
        let shown = statuses.map(|PortStatus { from, is_stale, port, cause, .. }| {
            let cause = cause.map_or("-", PortProblem::name);
            format!("{from} {port} {cause}{}", if is_stale { " stale" } else { "" })
        });
        Some(shown.collect())
    }

    #[tokio::test(start_paused = true)]
    async fn each_proxy_has_a_row_which_becomes_stale_and_is_forgotten() {
        let mut ports = PortStore::default();
        assert_eq!(shown(&mut ports), None, "none is to check any");
        store(&mut ports, "pi2", Some(vec![port("pi1", None)]));
        store(&mut ports, "pi1", Some(vec![port("pi3", Some(TIMEOUT)), port("pi2", None)]));
        store(&mut ports, "evil", Some(vec![port("pi2", Some(TIMEOUT))]));
        store(&mut ports, "pi3", None);
        let pi1 = ["pi1 pi2.local:3000 (pi2) -", "pi1 pi3.local:3000 (pi3) timeout"];
        let pi2 = "pi2 pi1.local:3000 (pi1) -";
        assert_eq!(shown(&mut ports).expect("rows"), [&pi1[..], &[pi2]].concat());
        advance(STALE_AFTER).await;
        store(&mut ports, "pi2", Some(Vec::new()));
        let stale = ["pi1 pi2.local:3000 (pi2) - stale", "pi1 pi3.local:3000 (pi3) - stale"];
        assert_eq!(shown(&mut ports).expect("rows"), stale);
        store(&mut ports, "pi2", None);
        advance(MEMORY).await;
        assert_eq!(shown(&mut ports), None);
    }

    #[test]
    fn nodes_that_are_not_known_are_left_out() {
        let mut ports = PortStore::default();
        store(&mut ports, "pi1", Some(vec![port("evil", Some(TIMEOUT))]));
        assert_eq!(shown(&mut ports).expect("rows"), ["pi1 evil.local:3000 timeout"]);
        assert_eq!(ports.statuses().expect("rows")[0].answered, []);
    }

    proptest! {
        #[test]
        fn the_order_in_which_proxies_report_does_not_matter_and_memory_is_bounded(
            reports in prop::collection::vec((0..20_usize, 0..100_usize, any::<bool>()), 1..40),
        ) {
            let mut last = std::collections::BTreeMap::new();
            let mut ports = PortStore::default();
            let measured = |count: usize, fails: bool| {
                (0..count).map(|n| port(&format!("pi{n}"), fails.then_some(TIMEOUT))).collect()
            };
            for (from, count, fails) in reports {
                store(&mut ports, &format!("pi{from}"), Some(measured(count, fails)));
                last.insert(from, (count, fails));
            }
            let mut again = PortStore::default();
            for (from, (count, fails)) in last.iter().rev() {
                store(&mut again, &format!("pi{from}"), Some(measured(*count, *fails)));
            }
            prop_assert_eq!(shown(&mut ports), shown(&mut again));
            prop_assert!(shown(&mut ports).expect("rows").len() <= last.len() * MAX_PORTS);
        }
    }
}
