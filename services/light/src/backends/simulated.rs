//! A lamp for those who have none.

use std::io;

use game::Outcome;
use tracing::info;

use crate::lamp::Lamp;
use crate::scene::{Lights, Scene};

/// A traffic light that is not there, of which each change is reported.
pub struct Simulated {
    report: Box<dyn FnMut(Lights, Option<Outcome>) + Send>,
    shown: (Lights, Option<Outcome>),
}

impl Simulated {
    /// Makes a lamp that calls `report` with each change of its lights, or of the stroke that they show: an
    /// idle lamp's red is no MISS.
    pub fn new(report: impl FnMut(Lights, Option<Outcome>) + Send + 'static) -> Self {
        Self { report: Box::new(report), shown: (Lights::DARK, None) }
    }

    /// Makes a lamp that logs each change.
    #[must_use]
    pub fn logged() -> Self {
        Self::new(|Lights { red, yellow, green }, _| info!(red, yellow, green, "lamp changed"))
    }
}

impl Lamp for Simulated {
    fn show(&mut self, scene: &Scene) -> io::Result<()> {
        let shown = (scene.lights(), scene.outcome());
        if shown != self.shown {
            self.shown = shown;
            (self.report)(shown.0, shown.1);
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
