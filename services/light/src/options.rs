//! What a light can be told.

use std::path::PathBuf;

use clap::Args;
use clap::builder::BoolishValueParser;
use court::peers::Peers;

use crate::colour::Colour;
use crate::idle::Idle;
use crate::lamp::Way;
use crate::pins::Pins;

/// Holds a light's own options.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Where managers are: names are resolved to all their addresses, again each second
    #[arg(
        long,
        env = "PONG_MANAGERS",
        value_name = "HOST:PORT,…",
        default_value = "tasks.manager:3000"
    )]
    pub managers: Peers,

    /// Light red, yellow and green for a second each, say on which lamp and pins, and end
    #[arg(long)]
    pub test: bool,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub lamp: LampOptions,
}

/// Holds which lamp there is and what it shows.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Lamp")]
pub struct LampOptions {
    /// What lights [default: auto; the demo's: simulated]
    #[arg(long, env = "PONG_LAMP", value_name = "WAY")]
    pub lamp: Option<Way>,

    /// What is shown while nobody plays
    #[arg(long, env = "PONG_IDLE", value_name = "PATTERN", default_value = "off")]
    pub idle: Idle,

    /// Pins of a traffic light's LEDs, by BCM number
    #[arg(long, env = "PONG_PINS", value_name = "RED,YELLOW,GREEN", default_value = "2,3,4")]
    pub pins: Pins<3>,

    /// The LEDs light when their pin is low, as those with a common anode do
    #[arg(long, env = "PONG_ACTIVE_LOW", value_parser = BoolishValueParser::new())]
    pub active_low: bool,

    /// Pins of a Blinkt, by BCM number
    #[arg(long, env = "PONG_BLINKT_PINS", value_name = "DATA,CLOCK", default_value = "23,24")]
    pub blinkt_pins: Pins<2>,

    /// Colour of a Blinkt's resting bar: red, green, blue, off or RRGGBB
    #[arg(long, env = "PONG_COLOR", value_name = "COLOUR", default_value = "off")]
    pub color: Colour,

    /// Where the kernel's LEDs are: /sys/class/leds, or /sys/devices/platform where a container
    /// has it
    #[arg(long, env = "PONG_LEDS", value_name = "FOLDER", default_value = "/sys/class/leds")]
    pub leds: PathBuf,

    /// Where the kernel's GPIO files are
    #[arg(long, env = "PONG_SYSFS", value_name = "FOLDER", default_value = "/sys/class/gpio")]
    pub sysfs: PathBuf,
}
