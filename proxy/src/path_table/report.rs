//! What a proxy reports of its paths.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::collections::hash_map::Entry;

use protocol::node::{Node, NodeRef};
use protocol::probe::{AgedReport, ProbeReport, ProbeReports};

use super::PathTable;
use super::probed_path::ProbedPath;

/// Maximum number of bytes of a report that goes with an answer: with its headers less than the
/// smallest packet that large ones are distinguished from.
pub(super) const MAX_COMPACT_BYTES: usize = 1100;

impl PathTable {
    /// Returns the path to each end, the one that counts where there are several.
    pub(super) fn best(&self) -> HashMap<NodeRef, &ProbedPath> {
        // Of two proxies on one node, the one that is listed and answers counts. Without an id they may
        // be on two nodes with one name, and the one that does not answer counts.
        let rank = |path: &ProbedPath| {
            let counts = path.cause().is_none() == path.has_id();
            Reverse((path.is_listed(), counts, path.address()))
        };
        let mut best = HashMap::new();
        for path in self.paths.values().chain(&self.displaced) {
            // An address that has never answered may simply be new.
            if path.node().is_none() && path.cause().is_none() {
                continue;
            }
            match best.entry(path.to()) {
                Entry::Vacant(entry) => {
                    entry.insert(path);
                }
                Entry::Occupied(mut entry) if rank(path) < rank(entry.get()) => {
                    entry.insert(path);
                }
                Entry::Occupied(_) => {}
            }
        }
        best
    }

    /// Returns what this proxy has measured, the broken paths first.
    pub(crate) fn report(&self) -> ProbeReport {
        let mut paths: Vec<_> = self.best().into_values().map(ProbedPath::measurement).collect();
        paths.sort_unstable_by_key(|path| (path.cause.is_none(), path.to.clone()));
        let (proxy, instance) = (self.task.clone(), self.instance.clone());
        let left = self.left.iter().map(|(node, ..)| node.clone()).collect();
        ProbeReport { proxy, instance, admin: self.admin, udp: self.udp, paths, left, ports: None }
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
