//! What a manager counts: the score, faults by their cause, and requests it refused.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use court::fault::Fault;
use court::metrics::{Metrics, ScoreNames};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
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
    pub(crate) fn register(metrics: &Metrics) -> Arc<Self> {
        let counts = Arc::new(Self::default());
        // Counters that are there from the start at nought: one that appears with its first fault
        // has not grown, for Prometheus.
        for side in Side::BOTH.map(Side::name) {
            for cause in Fault::NAMES {
                drop(counts.faults.get_or_create(&Cause { side, cause }));
            }
        }
        for reason in ["no_player", "full", "client_gone"] {
            drop(counts.refused.get_or_create(&Reason { reason }));
        }
        metrics.register(|registry| {
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
        });
        let names = ScoreNames { rallies: "rallies", strokes: "strokes", longest: "longest_rally" };
        let counted = Arc::clone(&counts);
        metrics.score(names, move || counted.score());
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
