//! Times from one node to others, as histograms.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use protocol::name::Name;
use protocol::node::{Node, NodeRef};
use tokio::time::Instant;

use super::node::{Labels, node_pair_labels};

/// The upper bounds of the buckets in seconds: from a stroke within one machine to the longest that
/// a stroke may take. Steps of 2 to 2.5, which tell 1 ms from 3 ms, and a fast Pi from a slow one.
const BOUNDS: [f64; 12] =
    [0.0001, 0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0];

/// Maximum number of nodes that are told apart. All others are `other`, so that names that come and
/// go do not create series without end.
const MAX_NODES: usize = 32;

/// The label of nodes beyond [`MAX_NODES`].
const OTHER: &str = "other";

/// A histogram of the times from one node to each of the others, at most 32 of them apart.
#[derive(Clone, Debug)]
pub struct NodePairHistogram {
    from: Node,
    family: Family<Labels, Histogram, fn() -> Histogram>,
    nodes: Arc<Mutex<HashSet<Node>>>,
}

impl NodePairHistogram {
    pub(super) fn new(from: &Node) -> Self {
        let family = Family::new_with_constructor((|| Histogram::new(BOUNDS)) as fn() -> _);
        Self { from: from.clone(), family, nodes: Arc::default() }
    }

    pub(super) fn family(&self) -> Family<Labels, Histogram, fn() -> Histogram> {
        self.family.clone()
    }

    /// Returns the histogram of the times to a node.
    #[must_use]
    pub fn to(&self, node: &Node) -> Histogram {
        let mut nodes = self.nodes.lock();
        let known = nodes.contains(node) || nodes.len() < MAX_NODES && nodes.insert(node.clone());
        let node = if known { node.clone() } else { Name::from_any(OTHER).into() };
        self.family.get_or_create_owned(&node_pair_labels(&self.from, &NodeRef::Node(node)))
    }
}

/// A time that is being measured.
#[derive(Clone, Debug)]
pub struct Timer {
    histogram: Histogram,
    begun: Instant,
}

impl Timer {
    /// Measures from an instant on.
    #[must_use]
    pub const fn since(begun: Instant, histogram: Histogram) -> Self {
        Self { histogram, begun }
    }

    /// Counts the time until now.
    pub fn stop(self) {
        self.histogram.observe(Duration::as_secs_f64(&self.begun.elapsed()));
    }
}

#[cfg(test)]
mod tests {
    use protocol::service::Service;

    use super::*;
    use crate::identity::Identity;
    use crate::metrics::Metrics;

    fn node(text: &str) -> Node {
        text.parse().expect("a node")
    }

    fn rendered(observe: impl FnOnce(&NodePairHistogram)) -> String {
        let task = "manager.1@pi1".parse().expect("a task");
        let identity = Identity::new(Service::Manager, task);
        let mut metrics = Metrics::new(&identity);
        observe(&metrics.node_pairs("stroke_duration", "Time of a stroke", &identity));
        metrics.freeze().open_metrics()
    }

    #[test]
    fn a_time_is_counted_in_every_bucket_it_fits_and_in_the_sum() {
        let text = rendered(|strokes| {
            for seconds in [0.0001, 0.000_101, 0.4, 3.0] {
                strokes.to(&node("pi2")).observe(seconds);
            }
        });
        let pair = r#"from_node="pi1",to_node="pi2""#;
        for line in [
            "# UNIT pong_stroke_duration_seconds seconds".to_owned(),
            format!("pong_stroke_duration_seconds_sum{{{pair}}} 3.400201"),
            format!("pong_stroke_duration_seconds_count{{{pair}}} 4"),
            format!("pong_stroke_duration_seconds_bucket{{le=\"0.0001\",{pair}}} 1"),
            format!("pong_stroke_duration_seconds_bucket{{le=\"0.00025\",{pair}}} 2"),
            format!("pong_stroke_duration_seconds_bucket{{le=\"0.25\",{pair}}} 2"),
            format!("pong_stroke_duration_seconds_bucket{{le=\"1.0\",{pair}}} 3"),
            format!("pong_stroke_duration_seconds_bucket{{le=\"+Inf\",{pair}}} 4"),
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn two_nodes_with_one_name_are_two_series() {
        let text = rendered(|strokes| {
            for to in ["pi2/2kq4", "pi2/7xy9"] {
                strokes.to(&node(to)).observe(0.001);
            }
        });
        for id in ["2kq4", "7xy9"] {
            let series = format!(r#"_count{{from_node="pi1",to_node="pi2",to_node_id="{id}"}} 1"#);
            assert!(text.contains(&series), "{series} is not in\n{text}");
        }
    }

    #[test]
    fn a_thousand_nodes_are_thirty_two_and_the_others() {
        let text = rendered(|strokes| {
            for n in 0..1000 {
                strokes.to(&node(&format!("pi{n}"))).observe(0.001);
            }
        });
        let counts = text.lines().filter(|line| line.contains("_seconds_count"));
        assert_eq!(counts.count(), MAX_NODES + 1);
        let others = r#"pong_stroke_duration_seconds_count{from_node="pi1",to_node="other"} 968"#;
        assert!(text.contains(others), "{text}");
    }

    #[test]
    fn a_node_that_is_called_other_makes_no_series_twice() {
        let text = rendered(|strokes| {
            for n in 0..100 {
                let name = if n % 2 == 0 { OTHER.to_owned() } else { format!("pi{n}") };
                strokes.to(&node(&name)).observe(0.0);
            }
        });
        assert_eq!(text.matches(r#"_count{from_node="pi1",to_node="other"}"#).count(), 1);
    }
}
