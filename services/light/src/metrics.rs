//! What a light counts.

use prometheus_client::metrics::counter::Counter;

/// The metrics of a light.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metrics {
    /// How often the lamp failed to open or to switch.
    pub(crate) lamp_failures: Counter,
    /// Strokes received from the managers' feeds.
    pub(crate) strokes_received: Counter,
}

impl Metrics {
    /// Registers the metrics; `lamp_up` is asked at each scrape.
    pub(crate) fn new(
        metrics: &mut server::metrics::Metrics,
        lamp_up: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Self {
        let own = Self::default();
        let registry = metrics.registry();
        let help = "Failures to open or to switch the lamp";
        registry.register("lamp_failures", help, own.lamp_failures.clone());
        let help = "Strokes received from the managers' feeds";
        registry.register("light_strokes_received", help, own.strokes_received.clone());
        metrics.gauge("lamp_up", "1 if the lamp works, else 0", move || lamp_up().into());
        own
    }
}
