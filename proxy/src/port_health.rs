//! What the checks of one port say of it.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use protocol::node::Node;
use protocol::port::PortProblem;
use tokio::time::Instant;

/// How long every check must have failed: twice as long as a rolling update keeps a proxy away.
pub(crate) const PATIENCE: Duration = Duration::from_secs(15);

/// Of more tasks than this behind a port, none is missed.
pub(crate) const MAX_BACKENDS: usize = 16;

/// How many checks for each task behind the port are looked at: one that answers as often as the others
/// is missed in so many by chance once in ten million times.
const CHECKS_EACH: usize = 16;

/// How often the checks must have begun to fail among them.
const MIN_FAILURES: usize = 4;

/// After how many answers in a row for each task behind the port it is no longer said to fail at times.
const ANSWERS_EACH: usize = 3;

/// The latest checks of a port.
#[derive(Debug, Default)]
pub(crate) struct PortHealth {
    /// Whose proxy answered each, the oldest first; none if it failed.
    latest: VecDeque<Option<Node>>,
    /// Since when each fails, and how the last one did.
    failing: Option<(Instant, PortProblem)>,
    /// How many answers came while each of the nodes was there.
    present: HashMap<Node, usize>,
    /// How many tasks are behind the port.
    backends: usize,
}

impl PortHealth {
    /// Records a check of a port with this many tasks behind it; each of these nodes should answer
    /// in turn.
    pub(crate) fn record(
        &mut self,
        result: Result<Node, PortProblem>,
        backends: usize,
        expected: &[Node],
    ) {
        self.backends = backends.clamp(1, MAX_BACKENDS);
        match &result {
            Ok(_) => {
                self.failing = None;
                self.present.retain(|node, _| expected.contains(node));
                for node in expected {
                    *self.present.entry(node.clone()).or_default() += 1;
                }
            }
            Err(problem) => {
                let since = self.failing.map_or_else(Instant::now, |(since, _)| since);
                self.failing = Some((since, *problem));
            }
        }
        self.latest.push_back(result.ok());
        while self.latest.len() > self.window() {
            self.latest.pop_front();
        }
        let enough = ANSWERS_EACH * (self.backends + 1);
        let lately = self.latest.iter().rev().take(enough);
        if lately.filter(|answer| answer.is_some()).count() == enough {
            self.latest.retain(Option::is_some);
        }
    }

    fn window(&self) -> usize {
        CHECKS_EACH * self.backends
    }

    /// Returns what is wrong with the port.
    pub(crate) fn problem(&self) -> Option<PortProblem> {
        let failed = self.failing.filter(|(since, _)| since.elapsed() >= PATIENCE);
        let begins = |(before, check): (Option<&Option<Node>>, &Option<Node>)| {
            check.is_none() && before.is_none_or(Option::is_some)
        };
        let before = std::iter::once(None).chain(self.latest.iter().map(Some));
        let failures = before.zip(&self.latest).filter(|pair| begins(*pair)).count();
        if let Some((_, problem)) = failed {
            Some(problem)
        } else if failures >= MIN_FAILURES {
            Some(PortProblem::SomeFail)
        } else if self.unreached().is_empty() {
            None
        } else {
            Some(PortProblem::Unreached)
        }
    }

    /// Returns whether the last check failed.
    pub(crate) const fn is_failing(&self) -> bool {
        self.failing.is_some()
    }

    /// Returns the nodes whose proxies answered lately.
    pub(crate) fn answered(&self) -> Vec<Node> {
        let mut nodes: Vec<_> = self.latest.iter().flatten().cloned().collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes.truncate(MAX_BACKENDS);
        nodes
    }

    /// Returns the nodes whose proxies should answer and never do.
    pub(crate) fn unreached(&self) -> Vec<Node> {
        let is_unreached = |node: &&Node| !self.latest.iter().flatten().any(|one| one == *node);
        let long = self.present.iter().filter(|(_, answers)| **answers >= self.window());
        let mut nodes: Vec<_> = long.map(|(node, _)| node).filter(is_unreached).cloned().collect();
        nodes.sort_unstable();
        nodes
    }
}

#[cfg(test)]
mod tests;
