//! What the lamp's supervisor shares with the admin port.

use std::time::Duration;

use server::start::Start;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::metrics::Metrics;

/// How long a lamp may take to be switched: every kind takes less than a tenth of a second.
const HANGS_AFTER: Duration = Duration::from_secs(5);

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
pub(crate) struct LampStatus {
    reason: watch::Sender<Option<String>>,
    /// Since when it is being opened or switched, if it is.
    busy_since: watch::Sender<Option<Instant>>,
}

impl Default for LampStatus {
    fn default() -> Self {
        let reason = watch::Sender::new(Some("lamp not opened yet".to_owned()));
        Self { reason, busy_since: watch::Sender::default() }
    }
}

impl LampStatus {
    /// Returns whether the lamp works.
    pub(crate) fn is_up(&self) -> bool {
        self.reason.borrow().is_none()
    }

    /// Checks that the lamp works; the error is the reason why it does not.
    pub(crate) fn check(&self) -> Result<(), String> {
        self.reason.borrow().clone().map_or(Ok(()), Err)
    }

    /// Sets the reason why the lamp does not work; none if it does.
    pub(crate) fn set(&self, reason: Option<String>) {
        self.reason.send_replace(reason);
    }

    /// Runs what opens or switches the lamp, which may never end.
    pub(crate) fn while_busy<T>(&self, switch: impl FnOnce() -> T) -> T {
        self.busy_since.send_replace(Some(Instant::now()));
        let done = switch();
        self.busy_since.send_replace(None);
        done
    }

    /// Checks that the lamp does not hang; the error says for how long it does.
    pub(crate) fn check_progress(&self) -> Result<(), String> {
        let busy = self.busy_since.borrow().map(|since| since.elapsed());
        match busy.filter(|busy| *busy >= HANGS_AFTER) {
            Some(busy) => Err(format!("the lamp hangs: not switched for {} s", busy.as_secs())),
            None => Ok(()),
        }
    }
}
