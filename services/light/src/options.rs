//! The options of a light.

use std::path::PathBuf;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};
use client::targets::Targets;

use crate::color::Color;
use crate::idle::Idle;
use crate::pins::Pins;

/// Options of a light.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Managers; every name is resolved to all its addresses, again every second or two
    #[arg(
        long,
        env = "PONG_MANAGERS",
        value_name = "HOST:PORT,…",
        default_value = "tasks.manager:3000"
    )]
    pub managers: Targets,

    /// Light red, yellow and green for one second each, print the lamp and its pins, and exit
    #[arg(long)]
    pub test: bool,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub lamp: LampOptions,
}

/// Options of a lamp: which one it is, and what it shows while nobody plays.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Lamp")]
pub struct LampOptions {
    /// LED backend [default: auto; in the demo: simulated]
    #[arg(long = "lamp", env = "PONG_LAMP", value_name = "BACKEND")]
    pub backend: Option<Backend>,

    /// Idle pattern
    #[arg(long, env = "PONG_IDLE", value_name = "PATTERN", default_value = "off")]
    pub idle: Idle,

    /// BCM numbers of the pins of a traffic light's LEDs
    #[arg(long, env = "PONG_PINS", value_name = "RED,YELLOW,GREEN", default_value = "2,3,4")]
    pub pins: Pins<3>,

    /// The LEDs are on when their pin is low, as with a common anode; of the kernel's LEDs this is for
    /// pong-red, pong-yellow and pong-green, and the board's own is not used
    #[arg(long, env = "PONG_ACTIVE_LOW", value_parser = BoolishValueParser::new())]
    pub active_low: bool,

    /// BCM numbers of the pins of a Blinkt
    #[arg(long, env = "PONG_BLINKT_PINS", value_name = "DATA,CLOCK", default_value = "23,24")]
    pub blinkt_pins: Pins<2>,

    /// Idle color of a Blinkt: red, green, blue, off or RRGGBB
    #[arg(long, env = "PONG_COLOR", value_name = "COLOR", default_value = "off")]
    pub color: Color,

    /// Directory of the kernel's LEDs: /sys/class/leds, or /sys/devices/platform as bound into a
    /// container
    #[arg(long, env = "PONG_LEDS", value_name = "DIRECTORY", default_value = "/sys/class/leds")]
    pub leds: PathBuf,

    /// Directory in which the kernel's LEDs are remembered as they were found, so that the next start
    /// can put them back after a crash
    #[arg(long, env = "PONG_STATE", value_name = "DIRECTORY", default_value = "/run/swarm-pong")]
    pub state: PathBuf,

    /// Directory of the kernel's GPIO files
    #[arg(long, env = "PONG_SYSFS", value_name = "DIRECTORY", default_value = "/sys/class/gpio")]
    pub sysfs: PathBuf,
}

/// A way to switch LEDs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Backend {
    /// The first of leds, gpio, rppal and sysfs that opens, else simulated
    #[default]
    Auto,
    /// The kernel's LEDs: pong-red, pong-yellow and pong-green, else the board's own ACT LED
    Leds,
    /// Three LEDs on GPIO pins, through the /dev/gpiochip… of the header
    Gpio,
    /// Three LEDs on GPIO pins, through /dev/gpiomem and /dev/gpiochip0
    Rppal,
    /// Three LEDs on GPIO pins, through /sys/class/gpio
    Sysfs,
    /// A Blinkt of 8 LEDs on two GPIO pins, through gpio, else rppal, else sysfs
    Blinkt,
    /// No LEDs: log lines, or in the demo a line of the terminal
    Simulated,
}
