//! What a service counts and measures, for Prometheus.

use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::task::Task;

/// Holds one service's metrics; every service of a process has its own.
#[derive(Clone, Debug)]
pub struct Metrics(Arc<Mutex<Registry>>);

impl Metrics {
    /// Makes the metrics of a task, with `pong_build_info` in them; every name begins with `pong_`.
    #[must_use]
    pub fn new(service: &'static str, me: &Task) -> Self {
        let mut registry = Registry::with_prefix("pong");
        let labels = [
            ("service", service.to_owned()),
            ("task", me.name.to_string()),
            ("node", me.node.to_string()),
            ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ];
        registry.register("build", "Which task this is and of which version", Info::new(labels));
        Self(Arc::new(Mutex::new(registry)))
    }

    /// Lets a service register what it counts.
    pub fn register(&self, register: impl FnOnce(&mut Registry)) {
        register(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Writes all metrics in the OpenMetrics text format.
    ///
    /// # Errors
    ///
    /// Never in practice: writing to a string does not fail.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.0.lock().unwrap_or_else(PoisonError::into_inner))?;
        Ok(text)
    }
}
