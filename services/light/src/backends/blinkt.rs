//! A Blinkt: eight APA102 LEDs in a row, on a data pin and a clock pin.
//!
//! The ball is a dot that crosses the bar, from the left for ping and from the right for pong.

use std::io;

use embedded_hal::digital::{OutputPin, PinState};
use game::{Outcome, Side};

use crate::color::Color;
use crate::lamp::{Lamp, pin_error};
use crate::scene::Scene;

/// The number of LEDs.
const LEDS: usize = 8;

/// The strength of all LEDs, of 31. More than this dazzles.
const BRIGHTNESS: u8 = 7;

/// How much weaker the bar is than the ball that crosses it.
const BAR_DIM: u8 = 8;

/// How much weaker the tail is for each LED that it is behind the ball.
const TAIL: [u8; 4] = [1, 3, 9, 27];

/// A Blinkt on two pins.
pub(crate) struct Blinkt<P: OutputPin> {
    data: P,
    clock: P,
    idle_color: Color,
    name: String,
    shown: Option<[Color; LEDS]>,
}

impl<P: OutputPin> Blinkt<P> {
    /// Takes the data pin and the clock pin, both low, and the color of the idle bar.
    pub(crate) fn new([data, clock]: [P; 2], idle_color: Color, name: String) -> Self {
        Self { data, clock, idle_color, name, shown: None }
    }

    fn set(&mut self, colors: [Color; LEDS]) -> io::Result<()> {
        if self.shown == Some(colors) {
            return Ok(());
        }
        self.shown = None;
        for byte in frame(&colors) {
            for bit in (0..8).rev() {
                self.data.set_state(PinState::from(byte >> bit & 1 == 1)).map_err(pin_error)?;
                self.clock.set_high().map_err(pin_error)?;
                self.clock.set_low().map_err(pin_error)?;
            }
        }
        self.shown = Some(colors);
        Ok(())
    }
}

/// Returns the bytes for the eight LEDs: 32 zero bits, for each LED three bits of ones, its
/// brightness, blue, green and red, and enough clock for the last LED to receive its bits, since each
/// passes them on half a cycle late.
fn frame(colors: &[Color; LEDS]) -> impl Iterator<Item = u8> + use<> {
    let leds = colors.map(|Color { red, green, blue }| [0xe0 | BRIGHTNESS, blue, green, red]);
    [0; 4].into_iter().chain(leds.into_iter().flatten()).chain([0; 5])
}

/// Returns the colors of the LEDs for a scene.
fn paint(scene: &Scene, idle_color: Color) -> [Color; LEDS] {
    if !scene.connected {
        return [Color::OFF; LEDS];
    }
    let [red, yellow, green] = scene.idle.in_order();
    let bar = if scene.proxying || yellow {
        Color::YELLOW
    } else if red {
        Color::RED
    } else if green {
        Color::GREEN
    } else {
        idle_color
    };
    let mut colors = [bar.dimmed(BAR_DIM); LEDS];
    let Some(flash) = scene.flash else { return colors };
    let ball = if flash.outcome == Outcome::Hit { Color::GREEN } else { Color::RED };
    for (behind, times) in (0..).zip(TAIL) {
        let Some(led) = flash.step.checked_sub(behind).map(|led| led as usize) else { break };
        let position = match flash.side {
            Side::Ping => Some(led),
            Side::Pong => (LEDS - 1).checked_sub(led),
        };
        if let Some(color) = position.and_then(|led| colors.get_mut(led)) {
            *color = color.or(ball.dimmed(times));
        }
    }
    colors
}

impl<P: OutputPin + Send> Lamp for Blinkt<P> {
    fn show(&mut self, scene: &Scene) -> io::Result<()> {
        self.set(paint(scene, self.idle_color))
    }

    fn name(&self) -> String {
        self.name.clone()
    }
}

impl<P: OutputPin> Drop for Blinkt<P> {
    fn drop(&mut self) {
        let _ = self.set([Color::OFF; LEDS]);
    }
}

#[cfg(test)]
mod tests {
    use embedded_hal_mock::eh1::digital::{Mock, State, Transaction};

    use super::*;
    use crate::scene::{Flash, Lights};

    fn flash(side: Side, outcome: Outcome, step: u32) -> Scene {
        Scene { connected: true, flash: Some(Flash { side, outcome, step }), ..Scene::DARK }
    }

    #[test]
    fn a_frame_is_zeros_each_led_and_clock_for_the_last() {
        let mut colors = [Color::OFF; LEDS];
        colors[7] = Color { red: 1, green: 2, blue: 3 };
        let bytes: Vec<u8> = frame(&colors).collect();
        assert_eq!(bytes.len(), 4 + 8 * 4 + 5);
        assert_eq!(bytes[..8], [0, 0, 0, 0, 0xe7, 0, 0, 0]);
        assert_eq!(bytes[32..], [0xe7, 3, 2, 1, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn every_bit_is_on_the_data_pin_when_the_clock_rises_and_it_ends_dark() {
        let frames =
            |colors: [[Color; LEDS]; 2]| -> Vec<u8> { colors.iter().flat_map(frame).collect() };
        let red = [Color::RED.dimmed(BAR_DIM); LEDS];
        let bytes = frames([red, [Color::OFF; LEDS]]);
        let level = |high: bool| if high { State::High } else { State::Low };
        let bits = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1));
        let data: Vec<_> = bits.map(|bit| Transaction::set(level(bit))).collect();
        let clock: Vec<_> =
            (0..2 * data.len()).map(|n| Transaction::set(level(n % 2 == 0))).collect();
        let mut data = Mock::new(&data);
        let mut clock = Mock::new(&clock);
        let mut blinkt = Blinkt::new([data.clone(), clock.clone()], Color::RED, String::new());
        let connected = Scene { connected: true, ..Scene::DARK };
        blinkt.show(&connected).expect("shown");
        blinkt.show(&connected).expect("nothing to be written");
        drop(blinkt);
        data.done();
        clock.done();
    }

    #[test]
    fn the_ball_crosses_the_bar_from_left_to_right_for_ping_and_back_for_pong() {
        let brightest = |side, step| {
            let colors = paint(&flash(side, Outcome::Hit, step), Color::OFF);
            colors.iter().position(|color| color.green == 255)
        };
        let path = |side| (0..9).map(|step| brightest(side, step)).collect::<Vec<_>>();
        let to_the_right: Vec<_> = (0..8).map(Some).chain([None]).collect();
        let to_the_left: Vec<_> = (0..8).rev().map(Some).chain([None]).collect();
        assert_eq!(path(Side::Ping), to_the_right);
        assert_eq!(path(Side::Pong), to_the_left);
    }

    #[test]
    fn its_tail_fades_and_is_gone_with_the_beat() {
        let greens =
            |step| paint(&flash(Side::Ping, Outcome::Hit, step), Color::OFF).map(|c| c.green);
        assert_eq!(greens(4), [0, 9, 28, 85, 255, 0, 0, 0]);
        assert_eq!(greens(10), [0, 0, 0, 0, 0, 0, 0, 9]);
        assert_eq!(greens(11), [0; 8]);
    }

    #[test]
    fn a_miss_is_red_and_the_bar_shows_idle_color_or_proxying() {
        let miss = paint(&flash(Side::Ping, Outcome::Miss, 0), Color::BLUE);
        assert_eq!((miss[0].red, miss[0].blue, miss[7]), (255, 31, Color::BLUE.dimmed(BAR_DIM)));
        let proxying = Scene { connected: true, proxying: true, ..Scene::DARK };
        assert_eq!(paint(&proxying, Color::BLUE), [Color::YELLOW.dimmed(BAR_DIM); LEDS]);
        let idle = Scene { connected: true, idle: Lights::GREEN, ..Scene::DARK };
        assert_eq!(paint(&idle, Color::OFF), [Color::GREEN.dimmed(BAR_DIM); LEDS]);
        assert_eq!(paint(&Scene::DARK, Color::BLUE), [Color::OFF; LEDS]);
    }
}
