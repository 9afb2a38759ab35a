//! Which addresses are probed: those that DNS lists, and those where a proxy was heard that it does not
//! list; and which paths are forgotten.

use std::net::SocketAddr;

use protocol::node::Node;

use super::PathTable;
use super::probed_path::{PathChange, ProbedPath};
use crate::probe_targets::probe_targets;

/// A proxy that answers.
struct Answering {
    node: Node,
    address: SocketAddr,
    is_target: bool,
}

impl PathTable {
    /// Selects the addresses to probe, given those that DNS lists, and updates what depends on that and
    /// on the time.
    pub(crate) fn select(&mut self, listed: &[SocketAddr]) -> Vec<SocketAddr> {
        self.listed = listed.iter().copied().collect();
        self.received.expire();
        self.left.expire();
        self.heard_of.expire();
        let others = listed.iter().copied().filter(|address| Some(*address) != self.admin);
        let mut targets = probe_targets(&self.task.node, &others.collect::<Vec<_>>());
        self.compare_with_dns(&targets);
        let heard_of = self.heard_of.iter().map(|(address, ..)| address);
        let mut unlisted: Vec<_> = self.paths.keys().chain(heard_of).copied().collect();
        unlisted.retain(|address| !self.listed.contains(address));
        unlisted.sort_unstable();
        unlisted.dedup();
        targets.extend(unlisted);
        targets.retain(|address| self.paths.get(address).is_none_or(ProbedPath::is_probed));
        targets
    }

    /// Forgets the paths that are no longer probed, and publishes what has changed of the others.
    fn compare_with_dns(&mut self, targets: &[SocketAddr]) {
        let answering = self.answering(targets);
        let mut changes = Vec::new();
        let mut keep = |path: &mut ProbedPath, is_listed: bool, is_target: bool| {
            let is_elsewhere =
                |one: &&Answering| path.node() == Some(&one.node) && path.address() != one.address;
            let elsewhere: Vec<_> = answering.iter().filter(is_elsewhere).collect();
            let has_target = elsewhere.iter().any(|one| one.is_target);
            path.list(is_listed, !elsewhere.is_empty());
            let is_replaced = has_target || !elsewhere.is_empty() && path.probed_cause().is_some();
            // One that is listed and no target is another proxy's target by now.
            let keep = is_target || !is_listed && !is_replaced && path.is_remembered();
            if keep {
                changes.extend(path.changes());
            } else {
                changes.push((path.published(), PathChange::Forgotten));
            }
            keep
        };
        let listed = &self.listed;
        self.paths.retain(|address, path| {
            keep(path, listed.contains(address), targets.contains(address))
        });
        self.displaced.retain_mut(|path| keep(path, false, false));
        self.publish(changes);
    }

    fn answering(&self, targets: &[SocketAddr]) -> Vec<Answering> {
        let answering = self.paths.values().filter(|path| path.answers());
        let answering = answering.filter_map(|path| {
            let (node, address) = (path.node()?.clone(), path.address());
            Some(Answering { node, address, is_target: targets.contains(&address) })
        });
        answering.collect()
    }
}
