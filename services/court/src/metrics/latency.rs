//! How long answers take between two nodes, as histograms.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Unit;

use crate::task::Name;

/// The upper bounds of the buckets in microseconds: from a stroke within one machine to the longest
/// that a stroke may take. Steps of 2 to 2.5, which tell 1 ms from 3 ms, and a fast Pi from a slow
/// one.
const BOUNDS: [u64; 12] =
    [100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000];

/// The most nodes that are told apart. All others are `other`, so that names that come and go do not
/// become series without end.
const MOST: usize = 32;

/// Counts the answers of one node by how long they took.
#[derive(Debug, Default)]
pub struct Latency {
    /// How many took up to each bound, and in the last place how many took longer than all.
    buckets: [AtomicU64; BOUNDS.len() + 1],
    micros: AtomicU64,
}

impl Latency {
    /// Counts an answer.
    pub fn observe(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let place = BOUNDS.iter().position(|bound| micros <= *bound).unwrap_or(BOUNDS.len());
        self.buckets[place].fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }
}

/// Counts answers from one node to each of the others, at most 32 of them apart.
#[derive(Clone, Debug)]
pub struct Latencies(Arc<Table>);

#[derive(Debug)]
struct Table {
    name: &'static str,
    help: &'static str,
    from: Name,
    to: Mutex<Vec<(Name, Arc<Latency>)>>,
}

impl Latencies {
    /// Makes a table without a node; `pong_NAME_seconds` is what it is called.
    pub(super) fn new(name: &'static str, help: &'static str, from: &Name) -> Self {
        Self(Arc::new(Table { name, help, from: from.clone(), to: Mutex::default() }))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<(Name, Arc<Latency>)>> {
        self.0.to.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns where the answers of a node are counted.
    #[must_use]
    pub fn to(&self, node: &Name) -> Arc<Latency> {
        let mut nodes = self.lock();
        if let Some(known) = find(&nodes, node) {
            return known;
        }
        let node = if nodes.len() < MOST { node.clone() } else { Name::from_any("other") };
        find(&nodes, &node).unwrap_or_else(|| {
            let new = Arc::default();
            nodes.push((node, Arc::clone(&new)));
            new
        })
    }
}

fn find(nodes: &[(Name, Arc<Latency>)], node: &Name) -> Option<Arc<Latency>> {
    nodes.iter().find(|(name, _)| name == node).map(|(_, latency)| Arc::clone(latency))
}

impl Collector for Latencies {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Table { name, help, from, .. } = &*self.0;
        let unit = Some(&Unit::Seconds);
        let mut family = encoder.encode_descriptor(name, help, unit, MetricType::Histogram)?;
        for (to, latency) in &*self.lock() {
            let bounds =
                BOUNDS.map(|micros| micros as f64 / 1e6).into_iter().chain([f64::INFINITY]);
            let counts = latency.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed));
            let buckets: Vec<(f64, u64)> = bounds.zip(counts).collect();
            let count = buckets.iter().map(|(_, count)| count).sum();
            let sum = latency.micros.load(Ordering::Relaxed) as f64 / 1e6;
            let labels = [("from_node", from.as_str()), ("to_node", to.as_str())];
            let mut histogram = family.encode_family(&labels)?;
            histogram.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::metrics::Metrics;

    use super::*;

    fn name(text: &str) -> Name {
        text.parse().expect("a name")
    }

    fn measured(observe: impl FnOnce(&Latencies)) -> String {
        let me = "manager.1@pi1".parse().expect("a task");
        let metrics = Metrics::new("manager", &me, &name("1"));
        observe(&metrics.latencies("stroke", "How long a stroke takes", &me.node));
        metrics.encode().expect("text")
    }

    #[test]
    fn an_answer_is_counted_in_every_bucket_it_fits_and_in_the_sum() {
        let text = measured(|strokes| {
            for micros in [100, 101, 400_000, 3_000_000] {
                strokes.to(&name("pi2")).observe(Duration::from_micros(micros));
            }
        });
        let pair = r#"from_node="pi1",to_node="pi2""#;
        for line in [
            "# UNIT pong_stroke_seconds seconds".to_owned(),
            format!("pong_stroke_seconds_sum{{{pair}}} 3.400201"),
            format!("pong_stroke_seconds_count{{{pair}}} 4"),
            format!("pong_stroke_seconds_bucket{{le=\"0.0001\",{pair}}} 1"),
            format!("pong_stroke_seconds_bucket{{le=\"0.00025\",{pair}}} 2"),
            format!("pong_stroke_seconds_bucket{{le=\"0.25\",{pair}}} 2"),
            format!("pong_stroke_seconds_bucket{{le=\"1.0\",{pair}}} 3"),
            format!("pong_stroke_seconds_bucket{{le=\"+Inf\",{pair}}} 4"),
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn a_thousand_nodes_are_thirty_two_and_the_others() {
        let text = measured(|strokes| {
            for n in 0..1000 {
                strokes.to(&name(&format!("pi{n}"))).observe(Duration::from_millis(1));
            }
        });
        let counts = text.lines().filter(|line| line.starts_with("pong_stroke_seconds_count"));
        assert_eq!(counts.count(), MOST + 1);
        let others = r#"pong_stroke_seconds_count{from_node="pi1",to_node="other"} 968"#;
        assert!(text.contains(others), "{text}");
    }

    #[test]
    fn a_node_that_is_called_other_makes_no_series_twice() {
        let text = measured(|strokes| {
            for n in 0..100 {
                let node = if n % 2 == 0 { "other".to_owned() } else { format!("pi{n}") };
                strokes.to(&name(&node)).observe(Duration::ZERO);
            }
        });
        assert_eq!(text.matches(r#"_count{from_node="pi1",to_node="other"}"#).count(), 1);
    }
}
