//! Three LEDs on three pins: a traffic light.

use std::io;

use embedded_hal::digital::{OutputPin, PinState};

use crate::lamp::{Lamp, refused};
use crate::scene::{Lights, Scene};

/// Switches three pins, in the order red, yellow, green.
pub(crate) struct Three<P: OutputPin> {
    pins: [P; 3],
    active_low: bool,
    name: String,
    shown: Option<Lights>,
}

impl<P: OutputPin> Three<P> {
    /// Takes pins that are dark; with `active_low` a low level lights.
    pub(crate) const fn new(pins: [P; 3], active_low: bool, name: String) -> Self {
        Self { pins, active_low, name, shown: None }
    }

    fn set(&mut self, lights: Lights) -> io::Result<()> {
        if self.shown == Some(lights) {
            return Ok(());
        }
        let was = self.shown.map(Lights::in_order);
        // Until all three are switched, nothing is known of any.
        self.shown = None;
        for (n, (pin, on)) in self.pins.iter_mut().zip(lights.in_order()).enumerate() {
            if was.is_none_or(|was| was[n] != on) {
                pin.set_state(PinState::from(on != self.active_low)).map_err(refused)?;
            }
        }
        self.shown = Some(lights);
        Ok(())
    }
}

impl<P: OutputPin + Send> Lamp for Three<P> {
    fn show(&mut self, scene: &Scene) -> io::Result<()> {
        self.set(scene.lights())
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl<P: OutputPin> Drop for Three<P> {
    fn drop(&mut self) {
        // What cannot be switched any more is beyond help.
        let _ = self.set(Lights::DARK);
    }
}

#[cfg(test)]
mod tests {
    use embedded_hal_mock::eh1::MockError;
    use embedded_hal_mock::eh1::digital::{Mock, State, Transaction};

    use super::*;

    fn pin(states: &[State]) -> Mock {
        Mock::new(&states.iter().map(|state| Transaction::set(*state)).collect::<Vec<_>>())
    }

    fn scene(idle: Lights) -> Scene {
        Scene { awake: true, idle, ..Scene::DARK }
    }

    /// Shows these lights one after the other and drops the lamp.
    fn show(pins: &[Mock; 3], active_low: bool, lights: &[Lights]) {
        let mut three = Three::new(pins.clone(), active_low, String::new());
        for lights in lights {
            three.show(&scene(*lights)).expect("the pins do as they are told");
        }
        drop(three);
        pins.clone().iter_mut().for_each(Mock::done);
    }

    #[test]
    fn each_light_is_a_pin_switched_only_when_it_changes_and_dark_at_the_end() {
        use State::{High, Low};
        let pins = [pin(&[Low, High, Low]), pin(&[Low, High, Low]), pin(&[Low])];
        let red_and_yellow = Lights { yellow: true, ..Lights::RED };
        show(&pins, false, &[Lights::DARK, Lights::RED, Lights::RED, red_and_yellow]);
    }

    #[test]
    fn a_lamp_that_is_active_low_is_dark_when_its_pins_are_high() {
        use State::{High, Low};
        show(&[pin(&[High]), pin(&[High]), pin(&[Low, High])], true, &[Lights::GREEN]);
    }

    #[test]
    fn after_a_refusal_every_pin_is_switched_anew() {
        use State::{High, Low};
        let refusal = MockError::Io(io::ErrorKind::ResourceBusy);
        let red = Mock::new(&[
            Transaction::set(Low),
            Transaction::set(High).with_error(refusal),
            Transaction::set(Low),
        ]);
        let pins = [red, pin(&[Low, Low]), pin(&[Low, Low])];
        let mut three = Three::new(pins.clone(), false, String::new());
        three.show(&scene(Lights::DARK)).expect("dark");
        three.show(&scene(Lights::RED)).expect_err("refused");
        drop(three);
        pins.into_iter().for_each(|mut pin| pin.done());
    }
}
