//! How many endpoints of each service another one knows, as `pong_endpoints`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use client::endpoints::{Counts, Endpoints};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

/// The endpoints of the services that one calls.
#[derive(Debug, Default)]
pub(super) struct EndpointGauges(Vec<Arc<Endpoints>>);

impl EndpointGauges {
    /// Adds endpoints; those of one service are added up.
    pub(super) fn add(&mut self, endpoints: &Arc<Endpoints>) {
        self.0.push(Arc::clone(endpoints));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Collector for EndpointGauges {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut totals = BTreeMap::new();
        for endpoints in &self.0 {
            let service = endpoints.service();
            let Counts { ready, backing_off } = endpoints.counts();
            *totals.entry((service, "ready")).or_insert(0) += ready;
            *totals.entry((service, "backing_off")).or_insert(0) += backing_off;
        }
        let help = "Tasks of a service that discovery lists: ready, or backing off after a failure";
        let mut family = encoder.encode_descriptor("endpoints", help, None, MetricType::Gauge)?;
        for ((service, state), count) in totals {
            let gauge = ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX));
            gauge.encode(family.encode_family(&[("service", service), ("state", state)])?)?;
        }
        Ok(())
    }
}
