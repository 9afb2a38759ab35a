//! No lamp at all, for whoever has none.

use std::io;

use court::task::Task;
use tracing::info;

use crate::lamp::Lamp;
use crate::scene::{Lights, Scene};

/// Tells each change of a traffic light that is not there.
pub struct Simulated {
    tell: Box<dyn FnMut(Lights) + Send>,
    shown: Lights,
}

impl Simulated {
    /// Makes a lamp that calls this with each change.
    pub fn new(tell: impl FnMut(Lights) + Send + 'static) -> Self {
        Self { tell: Box::new(tell), shown: Lights::DARK }
    }

    /// Makes a lamp that writes each change to the log.
    #[must_use]
    pub fn logged(me: Task) -> Self {
        Self::new(move |Lights { red, yellow, green }| {
            info!(service = "light", task = %me.name, node = %me.node, red, yellow, green, "lamp");
        })
    }
}

impl Lamp for Simulated {
    fn show(&mut self, scene: &Scene) -> io::Result<()> {
        let lights = scene.lights();
        if lights != self.shown {
            self.shown = lights;
            (self.tell)(lights);
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
