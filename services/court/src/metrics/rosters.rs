//! How many tasks of each service another one knows, as `pong_roster_tasks`.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::roster::Roster;

/// Holds a service's rosters by whom they list.
#[derive(Clone, Debug, Default)]
pub(super) struct Rosters(Arc<Mutex<Vec<Listed>>>);

#[derive(Debug)]
struct Listed {
    service: &'static str,
    roster: Arc<Roster>,
}

impl Rosters {
    /// Adds a roster; those of one service are told as their sum.
    pub(super) fn add(&self, service: &'static str, roster: &Arc<Roster>) {
        let mut rosters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        rosters.push(Listed { service, roster: Arc::clone(roster) });
    }
}

impl Collector for Rosters {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut counts = BTreeMap::new();
        for Listed { service, roster } in &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            let (known, resting) = roster.count();
            *counts.entry((*service, "ready")).or_insert(0) += known - resting;
            *counts.entry((*service, "resting")).or_insert(0) += resting;
        }
        if counts.is_empty() {
            return Ok(());
        }
        let help = "Tasks that discovery shows of a service: ready, or resting until reached again";
        let mut tasks = encoder.encode_descriptor("roster_tasks", help, None, MetricType::Gauge)?;
        for ((service, state), count) in counts {
            let gauge = ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX));
            gauge.encode(tasks.encode_family(&[("service", service), ("state", state)])?)?;
        }
        Ok(())
    }
}
