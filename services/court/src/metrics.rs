//! What a service counts and measures, for Prometheus.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;
use rally::Score;

use crate::roster::Roster;
use crate::task::{Name, Task};

mod latency;
mod plain;
mod rosters;
mod score;

pub use latency::{Latencies, Latency};
use rosters::Rosters;
pub use score::ScoreNames;

/// Holds one service's metrics; every service of a process has its own.
#[derive(Clone, Debug)]
pub struct Metrics {
    registry: Arc<Mutex<Registry>>,
    rosters: Rosters,
}

impl Metrics {
    /// Makes the metrics of a task, with `pong_build_info` in them; every name begins with `pong_`.
    #[must_use]
    pub fn new(service: &'static str, me: &Task, release: &Name) -> Self {
        let mut registry = Registry::with_prefix("pong");
        let labels = [
            ("service", service),
            ("task", me.name.as_str()),
            ("node", me.node.as_str()),
            ("version", env!("CARGO_PKG_VERSION")),
            ("release", release.as_str()),
            ("arch", std::env::consts::ARCH),
        ]
        .map(|(name, value)| (name, value.to_owned()));
        registry.register(
            "build",
            "Which task this is, where, and what it runs",
            Info::new(labels),
        );
        let rosters = Rosters::default();
        registry.register_collector(Box::new(rosters.clone()));
        Self { registry: Arc::new(Mutex::new(registry)), rosters }
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a service register what it counts.
    pub fn register(&self, register: impl FnOnce(&mut Registry)) {
        register(&mut self.lock());
    }

    /// Tells a number that is read when it is asked for.
    pub fn gauge(
        &self,
        name: &'static str,
        help: &'static str,
        read: impl Fn() -> usize + Send + Sync + 'static,
    ) {
        let read = Box::new(read);
        self.lock().register_collector(Box::new(Gauge { name, help, read }));
    }

    /// Tells how long answers take from a node to each of the others, as the histogram
    /// `pong_NAME_seconds`.
    #[must_use]
    pub fn latencies(&self, name: &'static str, help: &'static str, from: &Name) -> Latencies {
        let latencies = Latencies::new(name, help, from);
        self.lock().register_collector(Box::new(latencies.clone()));
        latencies
    }

    /// Tells a score, read when it is asked for, under names that begin so.
    pub fn score(&self, names: ScoreNames, read: impl Fn() -> Score + Send + Sync + 'static) {
        self.lock().register_collector(Box::new(score::Told::new(names, read)));
    }

    /// Tells how many tasks of a service a roster has.
    pub fn roster(&self, service: &'static str, roster: &Arc<Roster>) {
        self.rosters.add(service, roster);
    }

    /// Writes all metrics in the OpenMetrics text format.
    ///
    /// # Errors
    ///
    /// Never in practice: writing to a string does not fail.
    pub fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.lock())?;
        Ok(text)
    }

    /// Writes all metrics in Prometheus' own text format, which every tool reads.
    ///
    /// # Errors
    ///
    /// Never in practice: writing to a string does not fail.
    pub fn encode_plain(&self) -> Result<String, fmt::Error> {
        Ok(plain::from_open_metrics(&self.encode()?))
    }
}

/// Tells one number, read once a scrape.
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
