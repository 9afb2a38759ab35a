//! A score as counters: of one manager, or of all there ever were.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use rally::{Outcome, Score, Side};

/// Names what is told of a score.
#[derive(Clone, Copy, Debug)]
pub struct ScoreNames {
    /// Rallies by verdict.
    pub rallies: &'static str,
    /// Strokes by side and outcome.
    pub strokes: &'static str,
    /// The most strokes of a rally.
    pub longest: &'static str,
}

/// Tells a score, read once a scrape so that its numbers agree with each other.
pub(super) struct Told {
    names: ScoreNames,
    read: Box<dyn Fn() -> Score + Send + Sync>,
}

impl Told {
    pub(super) fn new(names: ScoreNames, read: impl Fn() -> Score + Send + Sync + 'static) -> Self {
        Self { names, read: Box::new(read) }
    }
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.names.fmt(f)
    }
}

impl Collector for Told {
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
