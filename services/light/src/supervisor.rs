//! Keeps a lamp working: one that fails is reported once, and opened again after growing pauses.

use client::backoff::Backoff;
use tokio::time::Instant;
use tracing::{debug, info, warn};

use crate::lamp::{Lamp, Opener};
use crate::scene::Scene;
use crate::state::Light;

/// A lamp, or the time at which to open it.
pub(crate) struct LampSupervisor {
    opener: Opener,
    light: Light,
    lamp: Option<Box<dyn Lamp>>,
    backoff: Backoff,
    retry_at: Instant,
}

impl LampSupervisor {
    /// Makes the supervisor of a lamp that is not open yet.
    pub(crate) fn new(opener: Opener, light: Light, now: Instant) -> Self {
        Self { opener, light, lamp: None, backoff: Backoff::default(), retry_at: now }
    }

    /// Shows a scene, if the lamp is open or opens.
    pub(crate) fn show(&mut self, scene: &Scene, now: Instant) {
        if self.lamp.is_none() && now >= self.retry_at {
            match self.light.lamp.while_busy(&mut self.opener) {
                Ok(lamp) => self.lamp = Some(lamp),
                Err(error) => return self.failed(&error.to_string(), now),
            }
        }
        let Some(lamp) = &mut self.lamp else { return };
        match self.light.lamp.while_busy(|| lamp.show(scene)) {
            Ok(()) if self.light.lamp.is_up() => {}
            Ok(()) => {
                let name = lamp.name();
                self.succeeded(&name);
            }
            Err(error) => {
                let reason = format!("{}: {error}", lamp.name());
                self.light.lamp.while_busy(|| self.lamp = None);
                self.failed(&reason, now);
            }
        }
    }

    /// Returns when the lamp is to be opened again, if it is not open.
    pub(crate) fn retry_at(&self) -> Option<Instant> {
        self.lamp.is_none().then_some(self.retry_at)
    }

    // The status is set before the line is logged: whoever has read the line finds it.
    fn succeeded(&mut self, lamp: &str) {
        self.light.lamp.set(None);
        if self.backoff.failures() == 0 {
            info!(lamp, "lamp ready");
        } else {
            info!(lamp, "lamp recovered");
        }
        self.backoff = Backoff::default();
    }

    fn failed(&mut self, reason: &str, now: Instant) {
        self.light.metrics.lamp_failures.inc();
        self.light.lamp.set(Some(reason.to_owned()));
        if self.backoff.failures() == 0 {
            warn!(reason, "lamp failed, retrying");
        } else {
            debug!(reason, "lamp still failing");
        }
        self.retry_at = now + self.backoff.fail();
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::Duration;

    use parking_lot::Mutex;

    use super::*;
    use crate::lamp::OpenError;
    use crate::scene::Lights;

    /// A lamp that fails while the test wants it to, and records when it is shown and dropped.
    struct FlakyLamp {
        fails: Arc<AtomicBool>,
        log: Arc<Mutex<Vec<&'static str>>>,
    }

    impl Lamp for FlakyLamp {
        fn show(&mut self, _: &Scene) -> io::Result<()> {
            if self.fails.load(Ordering::Relaxed) {
                return Err(io::ErrorKind::ResourceBusy.into());
            }
            self.log.lock().push("shown");
            Ok(())
        }

        fn name(&self) -> String {
            "flaky".to_owned()
        }
    }

    impl Drop for FlakyLamp {
        fn drop(&mut self) {
            self.log.lock().push("dropped");
        }
    }

    #[test]
    fn a_lamp_that_fails_is_dropped_opened_again_after_growing_pauses_and_then_ready() {
        let fails = Arc::new(AtomicBool::new(false));
        let log = Arc::new(Mutex::new(Vec::new()));
        let opener: Opener = {
            let fails = Arc::clone(&fails);
            let log = Arc::clone(&log);
            Box::new(move || {
                if fails.load(Ordering::Relaxed) {
                    return Err(OpenError { backend: "test", reason: "gone".to_owned() });
                }
                Ok(Box::new(FlakyLamp { fails: Arc::clone(&fails), log: Arc::clone(&log) }))
            })
        };
        let mut now = Instant::now();
        let light = Light::default();
        let mut supervisor = LampSupervisor::new(opener, light.clone(), now);
        let scene = Scene { connected: true, idle: Lights::RED, ..Scene::DARK };
        assert_eq!(light.lamp.check(), Err("lamp not opened yet".to_owned()));
        supervisor.show(&scene, now);
        assert_eq!((light.lamp.check(), supervisor.retry_at()), (Ok(()), None));

        fails.store(true, Ordering::Relaxed);
        let mut pauses = Vec::new();
        for _ in 0..7 {
            supervisor.show(&scene, now);
            let next = supervisor.retry_at().expect("it failed");
            pauses.push((next - now).as_millis());
            now = next;
        }
        assert_eq!(pauses, [200, 400, 800, 1600, 2000, 2000, 2000]);
        assert_eq!(light.lamp.check(), Err("test: gone".to_owned()));
        assert_eq!(light.metrics.lamp_failures.get(), 7);

        fails.store(false, Ordering::Relaxed);
        supervisor.show(&scene, now - Duration::from_millis(1));
        assert!(supervisor.retry_at().is_some(), "not before its time");
        supervisor.show(&scene, now);
        assert_eq!((light.lamp.check(), supervisor.retry_at()), (Ok(()), None));
        assert_eq!(*log.lock(), ["shown", "dropped", "shown"]);
    }
}
