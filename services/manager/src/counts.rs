//! What a manager counts: the score, faults by their cause, and requests it refused.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use court::fault::Fault;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use rally::{Outcome, Rally, Score, Side};

/// Counts strokes, rallies and faults; the score is the one truth, metrics are read from it.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    score: Mutex<Score>,
    faults: Family<Cause, Counter>,
    refused: Family<Reason, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Reason {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Cause {
    side: &'static str,
    cause: &'static str,
}

impl Counts {
    /// Makes counters at nought and registers them.
    pub(crate) fn register(registry: &mut Registry) -> Arc<Self> {
        let counts = Arc::new(Self::default());
        registry.register(
            "faults",
            "Attempts at a stroke that got no lawful answer, by side and cause",
            counts.faults.clone(),
        );
        registry.register(
            "refused",
            "Requests for a rally that ended before its first stroke, by reason",
            counts.refused.clone(),
        );
        registry.register_collector(Box::new(Exported(Arc::clone(&counts))));
        counts
    }

    fn lock(&self) -> MutexGuard<'_, Score> {
        self.score.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn score(&self) -> Score {
        *self.lock()
    }

    pub(crate) fn stroke(&self, side: Side, outcome: Outcome) {
        self.lock().count_stroke(side, outcome);
    }

    pub(crate) fn rally(&self, rally: &Rally) {
        self.lock().count_rally(rally);
    }

    /// Counts a request that no rally came of, because of `no_player`, `full` or `client_gone`.
    pub(crate) fn refused(&self, reason: &'static str) {
        self.refused.get_or_create(&Reason { reason }).inc();
    }

    pub(crate) fn fault(&self, side: Side, fault: Fault) {
        self.lock().faults += 1;
        self.faults.get_or_create(&Cause { side: side.name(), cause: fault.name() }).inc();
    }
}

/// Exports the score, read once a scrape so that its numbers agree with each other.
#[derive(Debug)]
struct Exported(Arc<Counts>);

impl Collector for Exported {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let score = self.0.score();
        let mut rallies = encoder.encode_descriptor(
            "rallies",
            "Rallies played, by verdict",
            None,
            MetricType::Counter,
        )?;
        for (verdict, count) in [
            ("ping", score.ping),
            ("pong", score.pong),
            ("draw", score.draws),
            ("let", score.lets),
            ("abandoned", score.abandoned),
        ] {
            ConstCounter::new(count).encode(rallies.encode_family(&[("verdict", verdict)])?)?;
        }
        let mut strokes = encoder.encode_descriptor(
            "strokes",
            "Strokes answered, by side and outcome",
            None,
            MetricType::Counter,
        )?;
        for (side, outcome, count) in [
            (Side::Ping, Outcome::Hit, score.ping_hits),
            (Side::Ping, Outcome::Miss, score.ping_misses),
            (Side::Pong, Outcome::Hit, score.pong_hits),
            (Side::Pong, Outcome::Miss, score.pong_misses),
        ] {
            let labels = [("side", side.name()), ("outcome", outcome.name())];
            ConstCounter::new(count).encode(strokes.encode_family(&labels)?)?;
        }
        let longest = ConstGauge::new(i64::from(score.longest));
        let help = "Strokes of the longest rally";
        longest.encode(encoder.encode_descriptor("longest_rally", help, None, MetricType::Gauge)?)
    }
}
