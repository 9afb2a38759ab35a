//! A traffic light: three LEDs on three pins.

use std::io;

use embedded_hal::digital::{OutputPin, PinState};

use crate::lamp::{Lamp, pin_error};
use crate::scene::{Lights, Scene};

/// Three LEDs on pins in the order red, yellow, green.
pub(crate) struct TrafficLight<P: OutputPin> {
    pins: [P; 3],
    active_low: bool,
    name: String,
    shown: Option<Lights>,
}

impl<P: OutputPin> TrafficLight<P> {
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
                pin.set_state(PinState::from(on != self.active_low)).map_err(pin_error)?;
            }
        }
        self.shown = Some(lights);
        Ok(())
    }
}

impl<P: OutputPin + Send> Lamp for TrafficLight<P> {
    fn show(&mut self, scene: &Scene) -> io::Result<()> {
        self.set(scene.lights())
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl<P: OutputPin> Drop for TrafficLight<P> {
    fn drop(&mut self) {
        // Nothing can be done about a failure here.
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
        Scene { connected: true, idle, ..Scene::DARK }
    }

    /// Shows these lights one after the other and drops the lamp.
    fn show(pins: &[Mock; 3], active_low: bool, lights: &[Lights]) {
        let mut lamp = TrafficLight::new(pins.clone(), active_low, String::new());
        for lights in lights {
            lamp.show(&scene(*lights)).expect("no pin refuses");
        }
        drop(lamp);
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
    fn all_pins_are_rewritten_after_an_error() {
        use State::{High, Low};
        let busy = MockError::Io(io::ErrorKind::ResourceBusy);
        let red = Mock::new(&[
            Transaction::set(Low),
            Transaction::set(High).with_error(busy),
            Transaction::set(Low),
        ]);
        let pins = [red, pin(&[Low, Low]), pin(&[Low, Low])];
        let mut lamp = TrafficLight::new(pins.clone(), false, String::new());
        lamp.show(&scene(Lights::DARK)).expect("dark");
        lamp.show(&scene(Lights::RED)).expect_err("refused");
        drop(lamp);
        pins.into_iter().for_each(|mut pin| pin.done());
    }
}
