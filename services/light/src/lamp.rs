//! What every lamp can do, and which there are.

use std::fmt::Debug;
use std::io;

use clap::ValueEnum;

use crate::scene::Scene;

/// Switches something that people see. Whatever ends it, it is dark when it is dropped.
pub trait Lamp: Send {
    /// Shows a scene; does nothing if it looks like the one before.
    ///
    /// # Errors
    ///
    /// The system's, when the hardware refuses; the lamp is then to be dropped.
    fn show(&mut self, scene: &Scene) -> io::Result<()>;

    /// Says what it is: which way, which chip, which pins or names.
    fn name(&self) -> String;
}

/// Opens a lamp, again and again if it fails.
pub type Opener = Box<dyn FnMut() -> Result<Box<dyn Lamp>, NoLamp> + Send>;

/// Says why a lamp did not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{way}: {reason}")]
pub struct NoLamp {
    /// The way that was tried.
    pub way: &'static str,
    /// What came back, and what to do.
    pub reason: String,
}

/// Names a way to light.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Way {
    /// The first of leds, rppal and sysfs that opens, else simulated
    Auto,
    /// The kernel's LEDs: pong-red, pong-yellow and pong-green, else the board's own ACT LED
    Leds,
    /// Three LEDs on GPIO pins, through /dev/gpiomem and /dev/gpiochip0
    Rppal,
    /// Three LEDs on GPIO pins, through /sys/class/gpio
    Sysfs,
    /// A Blinkt of 8 LEDs on two GPIO pins, through rppal or else sysfs
    Blinkt,
    /// None: log lines, or in the demo a line of the terminal
    Simulated,
}

/// Makes an I/O error of a pin's own.
pub(crate) fn refused(error: impl Debug) -> io::Error {
    io::Error::other(format!("{error:?}"))
}
