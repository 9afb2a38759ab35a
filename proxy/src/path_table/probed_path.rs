//! One path that is probed, or was until lately: what its probes say, and whether DNS agrees.

use std::net::SocketAddr;
use std::time::Duration;

use protocol::node::{Node, NodeRef};
use protocol::probe::{PathMeasurement, ProbeFailure};
use tokio::time::Instant;

use crate::path_health::PathHealth;

/// How long DNS may disagree with what is heard. A rolling update keeps a proxy out of it for some 2 s
/// before its stop, the stop, and the first health check of the next.
pub(super) const DNS_LAG: Duration = Duration::from_secs(8);

/// How long DNS may not list a proxy that it never has listed: it does so after the first health check,
/// which an old engine makes after 90 s.
pub(super) const FIRST_LISTING: Duration = Duration::from_secs(120);

/// How long the path to a node is remembered that DNS does not list and that nobody hears.
pub(super) const FORGET_AFTER: Duration = Duration::from_secs(600);

/// How long others count as hearing a node: a probe, and one more that fails.
const HEARD_FOR: Duration = Duration::from_secs(5);

/// A path as it was last measured.
#[derive(Debug)]
pub(super) struct ProbedPath {
    address: SocketAddr,
    /// The node that answered last, and what the probes say.
    measurement: PathMeasurement,
    listing: Listing,
    /// When its node was last heard, by this proxy or by others.
    heard: Instant,
    heard_by_others: Option<Instant>,
    /// When its proxy said that it stops.
    left: Option<Instant>,
    /// Since when its address is listed and its proxy is known not to be there.
    stale: Option<Instant>,
    /// Whether its address is another node's by now.
    is_displaced: bool,
    /// What was published last.
    published: (NodeRef, Option<ProbeFailure>),
}

/// Whether DNS lists the address of a path.
#[derive(Debug)]
enum Listing {
    Listed,
    Unlisted {
        since: Instant,
        /// Why the path was broken then.
        before: Option<ProbeFailure>,
        /// How long that counts.
        patience: Duration,
    },
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
    pub(super) fn new(address: SocketAddr, is_listed: bool) -> Self {
        let to = NodeRef::Address(address);
        let measurement = PathHealth::new(0, None).measurement(to.clone());
        let now = Instant::now();
        let listing = if is_listed {
            Listing::Listed
        } else {
            Listing::Unlisted { since: now, before: None, patience: FIRST_LISTING }
        };
        Self {
            address,
            measurement,
            listing,
            heard: now,
            heard_by_others: None,
            left: None,
            stale: None,
            is_displaced: false,
            published: (to, None),
        }
    }

    /// Returns its address.
    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the node at its end, if that has ever answered and is known apart from this one.
    pub(super) const fn node(&self) -> Option<&Node> {
        self.measurement.to.node()
    }

    /// Returns the end that is reported: its node, or its address if nobody is known to be there.
    pub(super) fn to(&self) -> NodeRef {
        if self.is_stale() { NodeRef::Address(self.address) } else { self.measurement.to.clone() }
    }

    /// Returns whether the node at its end has an id.
    pub(super) fn has_id(&self) -> bool {
        self.node().is_some_and(|node| node.id.is_some())
    }

    /// Returns whether DNS lists its address.
    pub(super) const fn is_listed(&self) -> bool {
        matches!(self.listing, Listing::Listed)
    }

    /// Returns whether its proxy answers.
    pub(super) const fn answers(&self) -> bool {
        let answers = self.node().is_some() && self.measurement.cause.is_none();
        answers && self.left.is_none() && !self.is_displaced
    }

    /// Returns what its probes say, whatever DNS does.
    pub(super) const fn probed_cause(&self) -> Option<ProbeFailure> {
        self.measurement.cause
    }

    /// Returns whether it is to be probed: not while its proxy stops, nor once it has.
    pub(super) fn is_probed(&self) -> bool {
        let is_resting = match self.listing {
            Listing::Listed => self.is_stopping(),
            Listing::Unlisted { .. } => self.left.is_some(),
        };
        !is_resting && !self.is_displaced
    }

    fn is_stopping(&self) -> bool {
        self.left.is_some_and(|left| left.elapsed() < DNS_LAG)
    }

    fn is_stale(&self) -> bool {
        self.stale.is_some_and(|since| since.elapsed() >= DNS_LAG)
    }

    fn is_heard_by_others(&self) -> bool {
        self.heard_by_others.is_some_and(|when| when.elapsed() < HEARD_FOR)
    }

    /// Returns why it is broken now.
    pub(super) fn cause(&self) -> Option<ProbeFailure> {
        let probed = self.measurement.cause;
        let Listing::Unlisted { since, before, patience } = self.listing else {
            return if self.is_stale() { Some(ProbeFailure::StaleDns) } else { probed };
        };
        if self.left.is_some() || since.elapsed() < patience {
            before
        } else if probed.is_none() {
            Some(ProbeFailure::NoDns)
        } else if !self.is_heard_by_others() {
            Some(ProbeFailure::Lost)
        } else if self.is_displaced {
            Some(ProbeFailure::NoDns)
        } else {
            probed
        }
    }

    /// Returns what is reported of it.
    pub(super) fn measurement(&self) -> PathMeasurement {
        let (to, cause) = (self.to(), self.cause());
        // What does not count yet is no measurement either, or others would take the node for heard.
        let is_uncertain = cause.is_none() && self.measurement.cause.is_some();
        let (sent, lost) = match self.measurement {
            _ if is_uncertain => (0, 0),
            PathMeasurement { sent, lost, .. } => (sent, lost),
        };
        PathMeasurement { to, cause, sent, lost, ..self.measurement.clone() }
    }

    /// Records whether DNS lists its address now, and whether its node's proxy answers at another one.
    pub(super) fn list(&mut self, is_listed: bool, is_elsewhere: bool) {
        match (&self.listing, is_listed) {
            (Listing::Listed, false) => {
                let before = self.cause().filter(|cause| cause.is_of_network());
                self.listing =
                    Listing::Unlisted { since: Instant::now(), before, patience: DNS_LAG };
            }
            (Listing::Unlisted { .. }, true) => self.listing = Listing::Listed,
            _ => {}
        }
        // Without an id, another node may have the same name.
        let is_elsewhere = is_elsewhere && self.has_id();
        let is_stale =
            is_listed && self.measurement.cause.is_some() && (self.left.is_some() || is_elsewhere);
        self.stale = is_stale.then(|| self.stale.or(self.left).unwrap_or_else(Instant::now));
    }

    /// Returns whether it is to be kept though DNS does not list it, unless its node has another proxy.
    pub(super) fn is_remembered(&self) -> bool {
        let is_recent = match self.left {
            // The next proxy of its node may be there soon.
            Some(_) => self.is_stopping(),
            None => self.heard.elapsed() < FORGET_AFTER,
        };
        self.node().is_some() && is_recent
    }

    /// Records its health after a probe, and the node that answered, if one did.
    pub(super) fn update(&mut self, health: &PathHealth, node: Option<Node>, has_answered: bool) {
        let to = node.map_or_else(|| self.measurement.to.clone(), NodeRef::Node);
        self.measurement = health.measurement(to);
        if has_answered {
            self.heard = Instant::now();
            // The answer may have been under way while its proxy began to stop.
            self.left = self.left.filter(|left| left.elapsed() < DNS_LAG);
        }
    }

    /// Records that another proxy gets answers from its node.
    pub(super) fn heard_by_other(&mut self) {
        self.heard = Instant::now();
        self.heard_by_others = Some(self.heard);
    }

    /// Records that its proxy has said that it stops.
    pub(super) fn leave(&mut self) {
        self.left = self.left.or_else(|| Some(Instant::now()));
    }

    /// Records that another node's proxy answers at its address.
    pub(super) fn displace(&mut self) {
        self.list(false, false);
        self.is_displaced = true;
        self.measurement.cause.get_or_insert(ProbeFailure::WrongService);
    }

    /// Returns what is to be published since the last call.
    pub(super) fn changes(&mut self) -> Vec<(NodeRef, PathChange)> {
        let now = (self.to(), self.cause());
        let before = std::mem::replace(&mut self.published, now.clone());
        let mut changes = Vec::new();
        if before.0 != now.0 {
            // What was published under its address, or of the node that was there before, ends.
            changes.push((before.0, PathChange::Forgotten));
        } else if before.1 == now.1 {
            return changes;
        }
        changes.push((now.0, now.1.into()));
        changes
    }

    /// Returns the end of which something was published.
    pub(super) fn published(&self) -> NodeRef {
        self.published.0.clone()
    }
}
