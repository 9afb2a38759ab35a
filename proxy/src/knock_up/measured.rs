//! What the knock-up tells Prometheus. A node that is forgotten takes its series with it, and a proxy
//! knocks at 16 nodes at most, so there are never many.

use std::time::Duration;

use court::knock::Cause;
use court::metrics::Metrics;
use court::task::{Name, Task};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

/// The upper bounds of the round trips counted together, in seconds: from a cable between two boards
/// to the kernel's second attempt after 1 s.
const BOUNDS: [f64; 11] =
    [0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Way {
    from_node: String,
    to_node: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Failure {
    from_node: String,
    to_node: String,
    cause: &'static str,
}

/// Holds the series of one proxy.
pub(super) struct Measured {
    pub(super) me: Task,
    seconds: Family<Way, Histogram>,
    failures: Family<Failure, Counter>,
    broken: Family<Way, Gauge>,
}

impl Measured {
    pub(super) fn register(me: &Task, metrics: &Metrics) -> Self {
        let measured = Self {
            me: me.clone(),
            seconds: Family::new_with_constructor(|| Histogram::new(BOUNDS)),
            failures: Family::default(),
            broken: Family::default(),
        };
        metrics.register(|registry| {
            let help = "Round trips of knocks that were answered, in seconds";
            registry.register("knock_seconds", help, measured.seconds.clone());
            let help = "Knocks that got no lawful answer, by cause";
            registry.register("knock_failures", help, measured.failures.clone());
            let help = "Whether the path is broken: 1 if it is";
            registry.register("path_broken", help, measured.broken.clone());
        });
        measured
    }

    fn way(&self, to: &Name) -> Way {
        Way { from_node: self.me.node.to_string(), to_node: to.to_string() }
    }

    fn failure(&self, to: &Name, cause: Cause) -> Failure {
        let Way { from_node, to_node } = self.way(to);
        Failure { from_node, to_node, cause: cause.name() }
    }

    pub(super) fn answered(&self, to: &Name, time: Duration) {
        let way = self.way(to);
        if self.broken.get(&way).is_none() {
            // From the first answer at nought: what appears with the first failure has not grown, for
            // Prometheus.
            drop(self.broken.get_or_create(&way));
            for cause in Cause::ALL {
                drop(self.failures.get_or_create(&self.failure(to, cause)));
            }
        }
        self.seconds.get_or_create(&way).observe(time.as_secs_f64());
    }

    pub(super) fn failed(&self, to: &Name, cause: Cause) {
        self.failures.get_or_create(&self.failure(to, cause)).inc();
    }

    pub(super) fn broken(&self, to: &Name, broken: bool) {
        self.broken.get_or_create(&self.way(to)).set(broken.into());
    }

    /// Ends the series of a node.
    pub(super) fn forget(&self, to: &Name) {
        let way = self.way(to);
        self.seconds.remove(&way);
        self.broken.remove(&way);
        for cause in Cause::ALL {
            self.failures.remove(&self.failure(to, cause));
        }
    }
}
