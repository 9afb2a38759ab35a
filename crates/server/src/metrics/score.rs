//! A score as counters: of one manager, or of all there ever were.

use std::fmt;

use game::{Outcome, Score, Side};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// The names of the metrics of a score.
#[derive(Clone, Copy, Debug)]
pub struct ScoreNames {
    /// Rallies by verdict.
    pub rallies: &'static str,
    /// Strokes by side and outcome.
    pub strokes: &'static str,
    /// Strokes of the longest rally.
    pub longest: &'static str,
}

/// A score that is read once per scrape, so that its numbers are consistent.
pub(super) struct ScoreCollector {
    names: ScoreNames,
    read: Box<dyn Fn() -> Score + Send + Sync>,
}

impl ScoreCollector {
    pub(super) fn new(names: ScoreNames, read: impl Fn() -> Score + Send + Sync + 'static) -> Self {
        Self { names, read: Box::new(read) }
    }
}

impl fmt::Debug for ScoreCollector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.names.fmt(f)
    }
}

impl Collector for ScoreCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let score = (self.read)();
        let (help, counter) = ("Rallies played, by verdict", MetricType::Counter);
        let mut rallies = encoder.encode_descriptor(self.names.rallies, help, None, counter)?;
        for (verdict, count) in [
            ("ping", score.ping),
            ("pong", score.pong),
            ("draw", score.draws),
            ("let", score.lets),
            ("abandoned", score.abandoned),
        ] {
            ConstCounter::new(count).encode(rallies.encode_family(&[("verdict", verdict)])?)?;
        }
        let (help, counter) = ("Strokes answered, by side and outcome", MetricType::Counter);
        let mut strokes = encoder.encode_descriptor(self.names.strokes, help, None, counter)?;
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
        let gauge = MetricType::Gauge;
        longest.encode(encoder.encode_descriptor(self.names.longest, help, None, gauge)?)
    }
}
