//! What the lamp's supervisor shares with the admin port.

use server::start::Start;
use tokio::sync::watch;

use crate::metrics::Metrics;

/// The state of a light.
#[derive(Clone, Debug, Default)]
pub(crate) struct Light {
    /// What it counts.
    pub(crate) metrics: Metrics,
    /// Whether its lamp works.
    pub(crate) lamp: LampStatus,
}

impl Light {
    /// Makes the state of a light whose lamp is not open yet, and registers its metrics.
    pub(crate) fn new(start: &mut Start) -> Self {
        let lamp = LampStatus::default();
        let status = lamp.clone();
        Self { metrics: Metrics::new(start.metrics(), move || status.is_up()), lamp }
    }
}

/// Whether the lamp works, and if not, the reason.
#[derive(Clone, Debug)]
pub(crate) struct LampStatus(watch::Sender<Option<String>>);

impl Default for LampStatus {
    fn default() -> Self {
        Self(watch::Sender::new(Some("lamp not opened yet".to_owned())))
    }
}

impl LampStatus {
    /// Returns whether the lamp works.
    pub(crate) fn is_up(&self) -> bool {
        self.0.borrow().is_none()
    }

    /// Checks that the lamp works; the error is the reason why it does not.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.0.borrow().clone().map_or(Ok(()), Err)
    }

    /// Sets the reason why the lamp does not work; none if it does.
    pub(crate) fn set(&self, reason: Option<String>) {
        self.0.send_replace(reason);
    }
}
