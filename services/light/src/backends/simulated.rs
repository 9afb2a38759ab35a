//! A lamp for those who have none.

use std::io;

use tracing::info;

use crate::lamp::Lamp;
use crate::scene::{Lights, Scene};

/// A traffic light that is not there, of which each change is reported.
pub struct Simulated {
    report: Box<dyn FnMut(Lights) + Send>,
    shown: Lights,
}

impl Simulated {
    /// Makes a lamp that calls `report` with each change.
    pub fn new(report: impl FnMut(Lights) + Send + 'static) -> Self {
        Self { report: Box::new(report), shown: Lights::DARK }
    }

    /// Makes a lamp that logs each change.
    #[must_use]
    pub fn logged() -> Self {
        Self::new(|Lights { red, yellow, green }| info!(red, yellow, green, "lamp changed"))
    }
}

impl Lamp for Simulated {
    fn show(&mut self, scene: &Scene) -> io::Result<()> {
        let lights = scene.lights();
        if lights != self.shown {
            self.shown = lights;
            (self.report)(lights);
        }
        Ok(())
    }

    fn name(&self) -> String {
        "a simulation".to_owned()
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        let _ = self.show(&Scene::DARK);
    }
}
