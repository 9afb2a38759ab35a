//! The metrics of a manager: its score, faults by cause, requests it refused, the times of strokes.

use std::sync::Arc;

use client::fault::Fault;
use game::{Outcome, Rally, Score, Side};
use parking_lot::Mutex;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use server::feed::Feed;
use server::metrics::{NodePairHistogram, ScoreNames, zero};
use server::start::Start;
use tokio::sync::Notify;

/// The metrics of a manager. Strokes and rallies are counted in the score alone; the metrics of them
/// are read from it.
#[derive(Debug)]
pub(crate) struct Metrics {
    /// The times of answered strokes, by the player's node.
    pub(crate) stroke_duration: NodePairHistogram,
    score: Mutex<Score>,
    score_changed: Notify,
    faults: Family<FaultLabels, Counter>,
    refused: Family<RefusedLabels, Counter>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct FaultLabels {
    side: &'static str,
    cause: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RefusedLabels {
    reason: &'static str,
}

impl Metrics {
    /// Registers the metrics of a manager, all counters at zero.
    pub(crate) fn register(
        start: &mut Start,
        feed: Feed,
        rallies_in_flight: impl Fn() -> usize + Send + Sync + 'static,
    ) -> Arc<Self> {
        let identity = start.identity().clone();
        let registered = start.metrics();
        let help = "How long answered strokes took, by the nodes of manager and player";
        let metrics = Arc::new(Self {
            stroke_duration: registered.node_pairs("stroke_duration", help, &identity),
            score: Mutex::default(),
            score_changed: Notify::new(),
            faults: Family::default(),
            refused: Family::default(),
        });
        let causes = Side::BOTH
            .into_iter()
            .flat_map(|side| Fault::NAMES.map(|cause| FaultLabels { side: side.name(), cause }));
        zero(&metrics.faults, causes);
        let reasons = ["no_player", "at_limit", "client_gone"];
        zero(&metrics.refused, reasons.map(|reason| RefusedLabels { reason }));
        registered.registry().register(
            "stroke_faults",
            "Stroke attempts with no valid response, by side and cause",
            metrics.faults.clone(),
        );
        registered.registry().register(
            "rallies_refused",
            "Requests for a rally that ended before its first stroke, by reason",
            metrics.refused.clone(),
        );
        let names =
            ScoreNames { rallies: "rallies", strokes: "strokes", longest: "longest_rally_strokes" };
        let counted = Arc::clone(&metrics);
        registered.score(names, move || counted.score());
        registered.gauge("rallies_in_flight", "Rallies being played now", rallies_in_flight);
        let help = "Subscribers of the feed: lights and scoreboards";
        registered.gauge("feed_subscribers", help, move || feed.subscribers());
        metrics
    }

    /// Returns the score.
    pub(crate) fn score(&self) -> Score {
        *self.score.lock()
    }

    /// Waits until the score has changed since this was last called.
    pub(crate) async fn score_changed(&self) {
        self.score_changed.notified().await;
    }

    fn change(&self, change: impl FnOnce(&mut Score)) {
        change(&mut self.score.lock());
        self.score_changed.notify_one();
    }

    /// Counts an answered stroke.
    pub(crate) fn count_stroke(&self, side: Side, outcome: Outcome) {
        self.change(|score| score.count_stroke(side, outcome));
    }

    /// Counts a rally that had a stroke.
    pub(crate) fn count_rally(&self, rally: &Rally) {
        self.change(|score| score.count_rally(rally));
    }

    /// Counts a request that no rally came of, because of `no_player`, `at_limit` or `client_gone`.
    pub(crate) fn count_refused(&self, reason: &'static str) {
        self.refused.get_or_create(&RefusedLabels { reason }).inc();
    }

    /// Counts a stroke attempt with no valid response.
    pub(crate) fn count_fault(&self, side: Side, fault: Fault) {
        self.change(|score| score.faults += 1);
        self.faults.get_or_create(&FaultLabels { side: side.name(), cause: fault.name() }).inc();
    }
}
