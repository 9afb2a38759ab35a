//! Keeps a lamp at work: one that fails is reported once, and opened again after growing pauses.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use court::task::Task;
use prometheus_client::metrics::counter::Counter;
use tokio::time::Instant;
use tracing::{debug, info, warn};

use crate::lamp::{Lamp, Opener};
use crate::scene::Scene;

/// The pause after the first failure; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The longest pause. A lamp that is plugged in again lights within this time.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Tells what is wrong with the lamp, if anything is.
#[derive(Clone, Debug)]
pub(crate) struct Trouble {
    what: Arc<Mutex<Option<String>>>,
    /// How often it failed to open or to switch.
    pub(crate) failures: Counter,
}

impl Default for Trouble {
    fn default() -> Self {
        let what = Some("the lamp is not open yet".to_owned());
        Self { what: Arc::new(Mutex::new(what)), failures: Counter::default() }
    }
}

impl Trouble {
    /// Returns what is wrong.
    pub(crate) fn get(&self) -> Option<String> {
        self.what.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, trouble: Option<String>) {
        *self.what.lock().unwrap_or_else(PoisonError::into_inner) = trouble;
    }
}

/// Holds a lamp, or the time to try to open it.
pub(crate) struct Keeper {
    me: Task,
    open: Opener,
    lamp: Option<Box<dyn Lamp>>,
    trouble: Trouble,
    failures: u32,
    retry: Instant,
}

impl Keeper {
    pub(crate) fn new(me: Task, open: Opener, trouble: Trouble, now: Instant) -> Self {
        Self { me, open, lamp: None, trouble, failures: 0, retry: now }
    }

    /// Shows a scene, if the lamp lets itself be opened.
    pub(crate) fn show(&mut self, scene: &Scene, now: Instant) {
        if self.lamp.is_none() && now >= self.retry {
            match (self.open)() {
                Ok(lamp) => self.lamp = Some(lamp),
                Err(no) => return self.failed(&no.to_string(), now),
            }
        }
        let Some(lamp) = &mut self.lamp else { return };
        match lamp.show(scene) {
            Ok(()) if self.trouble.get().is_some() => {
                let again = if self.failures > 0 { " again" } else { "" };
                info!(service = "light", task = %self.me.name, node = %self.me.node, lamp = lamp.name(), "lamp works{again}");
                self.failures = 0;
                self.trouble.set(None);
            }
            Ok(()) => {}
            Err(error) => {
                let reason = format!("{}: {error}", lamp.name());
                self.lamp = None;
                self.failed(&reason, now);
            }
        }
    }

    /// Returns when the lamp is to be opened again, if it is not open.
    pub(crate) fn next_try(&self) -> Option<Instant> {
        self.lamp.is_none().then_some(self.retry)
    }

    fn failed(&mut self, reason: &str, now: Instant) {
        let pause = FIRST_PAUSE * 2_u32.saturating_pow(self.failures.min(8));
        self.retry = now + pause.min(LONGEST_PAUSE);
        if self.failures == 0 {
            warn!(service = "light", task = %self.me.name, node = %self.me.node, reason, "lamp failed; trying again until it works");
        } else {
            debug!(service = "light", task = %self.me.name, node = %self.me.node, reason, "lamp still fails");
        }
        self.failures = self.failures.saturating_add(1);
        self.trouble.failures.inc();
        self.trouble.set(Some(reason.to_owned()));
    }
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::lamp::NoLamp;
    use crate::scene::Lights;

    /// A lamp that fails while the test wants it to, and tells when it is opened and dropped.
    struct Moody {
        fails: Arc<AtomicBool>,
        told: Arc<Mutex<Vec<&'static str>>>,
    }

    impl Lamp for Moody {
        fn show(&mut self, _: &Scene) -> io::Result<()> {
            if self.fails.load(Ordering::Relaxed) {
                return Err(io::ErrorKind::ResourceBusy.into());
            }
            self.told.lock().expect("whole").push("shown");
            Ok(())
        }

        fn name(&self) -> String {
            "moody".to_owned()
        }
    }

    impl Drop for Moody {
        fn drop(&mut self) {
            self.told.lock().expect("whole").push("dropped");
        }
    }

    #[test]
    fn a_lamp_that_fails_is_dropped_opened_again_after_growing_pauses_and_then_ready() {
        let fails = Arc::new(AtomicBool::new(false));
        let told = Arc::new(Mutex::new(Vec::new()));
        let open: Opener = Box::new({
            let (fails, told) = (Arc::clone(&fails), Arc::clone(&told));
            move || {
                if fails.load(Ordering::Relaxed) {
                    return Err(NoLamp { way: "test", reason: "gone".to_owned() });
                }
                Ok(Box::new(Moody { fails: Arc::clone(&fails), told: Arc::clone(&told) }))
            }
        });
        let mut now = Instant::now();
        let trouble = Trouble::default();
        let me = "light.1@pi1".parse().expect("a task");
        let mut keeper = Keeper::new(me, open, trouble.clone(), now);
        let scene = Scene { awake: true, idle: Lights::RED, ..Scene::DARK };
        assert!(trouble.get().is_some(), "not ready before it is open");
        keeper.show(&scene, now);
        assert_eq!((trouble.get(), keeper.next_try()), (None, None));

        fails.store(true, Ordering::Relaxed);
        let mut pauses = Vec::new();
        for _ in 0..7 {
            keeper.show(&scene, now);
            let next = keeper.next_try().expect("it failed");
            pauses.push((next - now).as_millis());
            now = next;
        }
        assert_eq!(pauses, [200, 400, 800, 1600, 3200, 5000, 5000]);
        assert_eq!(trouble.get().as_deref(), Some("test: gone"));

        fails.store(false, Ordering::Relaxed);
        keeper.show(&scene, now - Duration::from_millis(1));
        assert!(keeper.next_try().is_some(), "not before its time");
        keeper.show(&scene, now);
        assert_eq!((trouble.get(), keeper.next_try()), (None, None));
        assert_eq!(*told.lock().expect("whole"), ["shown", "dropped", "shown"]);
    }
}
