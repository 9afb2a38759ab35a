//! What a service counts and measures, for Prometheus.

use std::fmt;
use std::hash::Hash;
use std::sync::Arc;

use client::endpoints::Endpoints;
use game::Score;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use protocol::task::Task;

use crate::identity::{ARCH, Identity};

mod endpoints;
mod flags;
mod histogram;
mod node;
mod process;
mod score;
mod text;

use endpoints::EndpointGauges;
use flags::Flags;
pub use histogram::{NodePairHistogram, Timer};
pub use node::{Labels, node_labels, node_pair_labels};
use process::Process;
use score::ScoreCollector;
pub use score::ScoreNames;

/// The metrics of one service; every service of a process has its own.
#[derive(Debug)]
pub struct Metrics {
    registry: Registry,
    /// What has names of Prometheus' own.
    process: Registry,
    endpoints: EndpointGauges,
}

impl Metrics {
    /// Makes the metrics of a task that starts now, with `pong_build_info` in them; every name begins
    /// with `pong_`, but for those of the process.
    #[must_use]
    pub fn new(identity: &Identity) -> Self {
        let mut registry = Registry::with_prefix("pong");
        let Task { name, node } = &identity.task;
        let of_task = [("service", identity.service.to_string()), ("task", name.to_string())];
        let of_build = [
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
            ("release", identity.release.to_string()),
            ("arch", ARCH.to_owned()),
        ];
        let of_node = node_labels("node", "node_id", node);
        let labels: Labels = of_task.into_iter().chain(of_node).chain(of_build).collect();
        registry.register("build", "This task, its node and its build", Info::new(labels));
        let mut process = Registry::default();
        process.register_collector(Box::new(Process::starting()));
        Self { registry, process, endpoints: EndpointGauges::default() }
    }

    /// Returns the registry, to register what the service counts.
    pub const fn registry(&mut self) -> &mut Registry {
        &mut self.registry
    }

    /// Registers a number that is read at each scrape.
    pub fn gauge(
        &mut self,
        name: &'static str,
        help: &'static str,
        read: impl Fn() -> usize + Send + Sync + 'static,
    ) {
        let read = Box::new(read);
        self.registry.register_collector(Box::new(Gauge { name, help, read }));
    }

    /// Registers a gauge that is 1 for each set of labels that is read at a scrape.
    pub fn flags(
        &mut self,
        name: &'static str,
        help: &'static str,
        read: impl Fn() -> Vec<Labels> + Send + Sync + 'static,
    ) {
        self.registry.register_collector(Box::new(Flags::new(name, help, read)));
    }

    /// Registers the histogram `pong_NAME_seconds` of the times from the service's node to others.
    pub fn node_pairs(
        &mut self,
        name: &'static str,
        help: &'static str,
        identity: &Identity,
    ) -> NodePairHistogram {
        let histogram = NodePairHistogram::new(&identity.task.node);
        let family = histogram.family();
        self.registry.register_with_unit(name, help, Unit::Seconds, family);
        histogram
    }

    /// Registers a score that is read at each scrape.
    pub fn score(&mut self, names: ScoreNames, read: impl Fn() -> Score + Send + Sync + 'static) {
        self.registry.register_collector(Box::new(ScoreCollector::new(names, read)));
    }

    /// Registers how many endpoints of a service there are, as `pong_endpoints`.
    pub fn endpoints(&mut self, endpoints: &Arc<Endpoints>) {
        self.endpoints.add(endpoints);
    }

    /// Ends registration.
    pub(crate) fn freeze(mut self) -> FrozenMetrics {
        if !self.endpoints.is_empty() {
            self.registry.register_collector(Box::new(self.endpoints));
        }
        FrozenMetrics(Arc::new([self.registry, self.process]))
    }
}

/// Metrics that are all registered.
#[derive(Clone, Debug)]
pub(crate) struct FrozenMetrics(Arc<[Registry; 2]>);

impl FrozenMetrics {
    /// Renders all metrics in the OpenMetrics text format.
    pub(crate) fn open_metrics(&self) -> String {
        let mut text = String::new();
        let written = self.0.iter().try_for_each(|registry| encode_registry(&mut text, registry));
        written.and_then(|()| encode_eof(&mut text)).expect("writing to a string does not fail");
        text
    }

    /// Renders all metrics in Prometheus' own text format, which every tool reads.
    pub(crate) fn text(&self) -> String {
        text::from_open_metrics(&self.open_metrics())
    }
}

/// Creates counters at zero. For Prometheus, a counter that appears with its first event has not
/// increased.
pub fn zero<L: Clone + Eq + Hash + EncodeLabelSet>(
    family: &Family<L, Counter>,
    labels: impl IntoIterator<Item = L>,
) {
    labels.into_iter().for_each(|labels| drop(family.get_or_create(&labels)));
}

/// A number that is read at each scrape.
struct Gauge {
    name: &'static str,
    help: &'static str,
    read: Box<dyn Fn() -> usize + Send + Sync>,
}

impl fmt::Debug for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Collector for Gauge {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let gauge = ConstGauge::new(i64::try_from((self.read)()).unwrap_or(i64::MAX));
        gauge.encode(encoder.encode_descriptor(self.name, self.help, None, MetricType::Gauge)?)
    }
}
