//! The metrics of a player.

use game::{Outcome, Side};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

/// The metrics of a player: its strokes by outcome.
#[derive(Debug)]
pub(crate) struct Metrics {
    hits: Counter,
    misses: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StrokeLabels {
    side: &'static str,
    outcome: &'static str,
}

impl Metrics {
    /// Registers the metrics of a player of a side, all at zero.
    pub(crate) fn register(side: Side, metrics: &mut server::metrics::Metrics) -> Self {
        let strokes = Family::<StrokeLabels, Counter>::default();
        let help = "Strokes this player has answered";
        metrics.registry().register("player_strokes", help, strokes.clone());
        let counter = |outcome: Outcome| {
            let labels = StrokeLabels { side: side.name(), outcome: outcome.name() };
            strokes.get_or_create_owned(&labels)
        };
        Self { hits: counter(Outcome::Hit), misses: counter(Outcome::Miss) }
    }

    /// Counts a stroke.
    pub(crate) fn count_stroke(&self, outcome: Outcome) {
        match outcome {
            Outcome::Hit => self.hits.inc(),
            Outcome::Miss => self.misses.inc(),
        };
    }
}
