//! One path that is probed, or was until lately.

use std::net::SocketAddr;
use std::time::Duration;

use protocol::node::{Node, NodeRef};
use protocol::probe::{PathMeasurement, ProbeFailure};
use tokio::time::Instant;

use crate::path_health::PathHealth;

/// How long a node's proxy may be missing from discovery. A rolling update keeps it out for some
/// 2 s before its stop, the stop, and the first health check of the next.
pub(super) const NO_DNS_AFTER: Duration = Duration::from_secs(8);

/// A path as it was last measured.
#[derive(Debug)]
pub(super) struct ProbedPath {
    measurement: PathMeasurement,
    /// Since when its address has not been a probe target, if it is none.
    pub(super) deselected: Option<Instant>,
    /// Why it was broken when that was last published.
    published: Option<ProbeFailure>,
}

/// A change of what is known of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PathChange {
    Broken(ProbeFailure),
    Ok,
    Forgotten,
}

impl From<Option<ProbeFailure>> for PathChange {
    fn from(cause: Option<ProbeFailure>) -> Self {
        cause.map_or(Self::Ok, Self::Broken)
    }
}

impl ProbedPath {
    /// Makes the path to an address that has never answered.
    pub(super) fn new(address: SocketAddr, health: &PathHealth) -> Self {
        let measurement = health.measurement(NodeRef::Address(address));
        Self { measurement, deselected: None, published: None }
    }

    /// Returns the node at its end, or its address if that has never answered.
    pub(super) fn to(&self) -> NodeRef {
        self.measurement.to.clone()
    }

    /// Returns whether the node at its end has an id.
    pub(super) const fn has_id(&self) -> bool {
        matches!(self.measurement.to, NodeRef::Node(Node { id: Some(_), .. }))
    }

    /// Returns whether its address has ever answered as a node that is known apart from this one.
    pub(super) const fn has_answered(&self) -> bool {
        matches!(self.measurement.to, NodeRef::Node(_))
    }

    /// Returns why it was broken when it was last probed.
    pub(super) const fn last_cause(&self) -> Option<ProbeFailure> {
        self.measurement.cause
    }

    /// Returns why it is broken now.
    pub(super) fn cause(&self) -> Option<ProbeFailure> {
        match self.deselected {
            Some(since) if since.elapsed() >= NO_DNS_AFTER => Some(ProbeFailure::NoDns),
            _ => self.measurement.cause,
        }
    }

    /// Returns what is reported of it.
    pub(super) fn measurement(&self) -> PathMeasurement {
        PathMeasurement { cause: self.cause(), ..self.measurement.clone() }
    }

    /// Records its health after a probe, and the node that answered, if one did; returns what is to
    /// be published.
    pub(super) fn update(
        &mut self,
        health: &PathHealth,
        node: Option<Node>,
    ) -> Vec<(NodeRef, PathChange)> {
        let before = self.to();
        let to = node.map_or_else(|| before.clone(), NodeRef::Node);
        self.measurement = health.measurement(to.clone());
        if to == before {
            return self.change().into_iter().collect();
        }
        // What was published under its address, or of the node that was there before, ends.
        self.published = self.cause();
        vec![(before, PathChange::Forgotten), (to, self.published.into())]
    }

    /// Returns its state if that is another than was last published.
    pub(super) fn change(&mut self) -> Option<(NodeRef, PathChange)> {
        let cause = self.cause();
        let before = std::mem::replace(&mut self.published, cause);
        (before != cause).then(|| (self.to(), cause.into()))
    }
}
