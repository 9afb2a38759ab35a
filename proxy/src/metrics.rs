//! The metrics of a proxy.
//!
//! The series of a path end when the path is forgotten, and a proxy probes 16 nodes at most, so there
//! are never many.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use client::fault::Fault;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Unit;
use protocol::node::{Node, NodeRef};
use protocol::probe::{PathLoss, ProbeFailure};
use protocol::service::Service;
use server::identity::Identity;
use server::metrics::{Labels, NodePairHistogram, node_pair_labels, zero};

use crate::loss::News;

/// The upper bounds of the buckets of round trips in seconds: from a cable between two boards to the
/// kernel's second attempt after 1 s.
const RTT_BOUNDS: [f64; 11] =
    [0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FaultLabels {
    upstream: &'static str,
    cause: &'static str,
}

/// The metrics of a proxy; clones share their values.
#[derive(Clone, Debug)]
pub(crate) struct Metrics {
    node: Node,
    upstream_faults: Family<FaultLabels, Counter>,
    pub(crate) rally_duration: NodePairHistogram,
    probe_rtt: Family<Labels, Histogram, fn() -> Histogram>,
    probe_failures: Family<Labels, Counter>,
    path_broken: Family<Labels, Gauge>,
    datagrams: Family<Labels, Counter>,
    datagrams_lost: Family<Labels, Counter>,
    jitter: Family<Labels, Gauge<f64, AtomicU64>>,
    path_lossy: Family<Labels, Gauge>,
}

impl Metrics {
    /// Registers all metrics of a proxy; `in_flight` is how many requests wait for an upstream now.
    pub(crate) fn register(
        metrics: &mut server::metrics::Metrics,
        identity: &Identity,
        in_flight: impl Fn() -> usize + Send + Sync + 'static,
    ) -> Self {
        let help = "Requests that wait for an upstream to respond now, at most 16";
        metrics.gauge("upstream_requests_in_flight", help, in_flight);
        let help = "Duration of rallies at full speed, by the nodes of proxy and manager";
        let rally_duration = metrics.node_pairs("rally_duration", help, identity);
        let registered = Self {
            node: identity.task.node.clone(),
            upstream_faults: Family::default(),
            rally_duration,
            probe_rtt: Family::new_with_constructor(|| Histogram::new(RTT_BOUNDS)),
            probe_failures: Family::default(),
            path_broken: Family::default(),
            datagrams: Family::default(),
            datagrams_lost: Family::default(),
            jitter: Family::default(),
            path_lossy: Family::default(),
        };
        for upstream in [Service::Manager.name(), Service::Scoreboard.name()] {
            let labels = Fault::NAMES.map(|cause| FaultLabels { upstream, cause });
            zero(&registered.upstream_faults, labels);
        }
        let registry = metrics.registry();
        let help = "Requests that an upstream did not answer, by upstream and cause";
        registry.register("upstream_faults", help, registered.upstream_faults.clone());
        let help = "Round trips of probes that were answered";
        let probe_rtt = registered.probe_rtt.clone();
        registry.register_with_unit("probe_rtt", help, Unit::Seconds, probe_rtt);
        let help = "Probes that got no valid answer, by cause";
        registry.register("probe_failures", help, registered.probe_failures.clone());
        let help = "Whether the path is broken: 1 if it is";
        registry.register("path_broken", help, registered.path_broken.clone());
        let help = "Datagrams to the proxy on another node that arrived or were lost";
        registry.register("probe_datagrams", help, registered.datagrams.clone());
        let help = "Datagrams to the proxy on another node that were lost";
        registry.register("probe_datagrams_lost", help, registered.datagrams_lost.clone());
        let help = "Interarrival jitter of datagrams to the proxy on another node";
        let jitter = registered.jitter.clone();
        registry.register_with_unit("probe_jitter", help, Unit::Seconds, jitter);
        let help = "Whether the path loses more packets than a healthy one: 1 if it does";
        registry.register("path_lossy", help, registered.path_lossy.clone());
        registered
    }

    /// Counts a request that an upstream did not answer.
    pub(crate) fn upstream_fault(&self, upstream: &'static str, fault: Fault) {
        let labels = FaultLabels { upstream, cause: fault.name() };
        self.upstream_faults.get_or_create(&labels).inc();
    }

    /// Counts a probe that was answered.
    pub(crate) fn probe_answered(&self, to: &NodeRef, rtt: Duration) {
        self.probe_rtt.get_or_create(&self.path(to)).observe(rtt.as_secs_f64());
    }

    /// Counts a probe that failed.
    pub(crate) fn probe_failed(&self, to: &NodeRef, cause: ProbeFailure) {
        self.probe_failures.get_or_create(&self.failure(to, cause)).inc();
    }

    /// Counts datagrams, and sets what is known of the loss on a path, if it is measured.
    pub(crate) fn datagrams(&self, to: &NodeRef, loss: Option<PathLoss>, news: News) {
        let path = self.path(to);
        if let Some(loss) = loss {
            let jitter = Duration::from_micros(loss.jitter.into()).as_secs_f64();
            self.jitter.get_or_create(&path).set(jitter);
            self.datagrams.get_or_create(&path).inc_by(news.sent);
            self.datagrams_lost.get_or_create(&path).inc_by(news.lost);
            self.path_lossy.get_or_create(&path).set(loss.is_lossy.into());
        } else {
            self.jitter.remove(&path);
            self.path_lossy.remove(&path);
        }
    }

    /// Sets whether a path is broken. From its first answer on, the failures of a node are counted.
    pub(crate) fn set_path_broken(&self, to: &NodeRef, broken: bool) {
        self.path_broken.get_or_create(&self.path(to)).set(broken.into());
        if let NodeRef::Node(_) = to {
            let causes = ProbeFailure::ALL.into_iter().filter(|cause| cause.is_of_network());
            zero(&self.probe_failures, causes.map(|cause| self.failure(to, cause)));
        }
    }

    /// Returns whether a path is broken; none if it has no series.
    #[cfg(test)]
    pub(crate) fn is_path_broken(&self, to: &NodeRef) -> Option<bool> {
        self.path_broken.get(&self.path(to)).map(|gauge| gauge.get() == 1)
    }

    /// Ends the series of a path.
    pub(crate) fn remove_path(&self, to: &NodeRef) {
        let path = self.path(to);
        self.probe_rtt.remove(&path);
        self.path_broken.remove(&path);
        self.datagrams.remove(&path);
        self.datagrams_lost.remove(&path);
        self.jitter.remove(&path);
        self.path_lossy.remove(&path);
        for cause in ProbeFailure::ALL {
            self.probe_failures.remove(&self.failure(to, cause));
        }
    }

    fn path(&self, to: &NodeRef) -> Labels {
        node_pair_labels(&self.node, to)
    }

    fn failure(&self, to: &NodeRef, cause: ProbeFailure) -> Labels {
        let mut labels = self.path(to);
        labels.push(("cause", cause.name().to_owned()));
        labels
    }
}
