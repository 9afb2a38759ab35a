//! What is the case at the moment of a scrape: a series of value 1 for each.

use std::fmt;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

use super::node::Labels;

/// A gauge whose series come and go with what they stand for.
pub(super) struct Flags {
    name: &'static str,
    help: &'static str,
    read: Box<dyn Fn() -> Vec<Labels> + Send + Sync>,
}

impl Flags {
    pub(super) fn new(
        name: &'static str,
        help: &'static str,
        read: impl Fn() -> Vec<Labels> + Send + Sync + 'static,
    ) -> Self {
        Self { name, help, read: Box::new(read) }
    }
}

impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Collector for Flags {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let kind = MetricType::Gauge;
        let mut family = encoder.encode_descriptor(self.name, self.help, None, kind)?;
        for labels in (self.read)() {
            ConstGauge::new(1_i64).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}
