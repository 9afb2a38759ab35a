//! GPIO pins through the kernel's character device, /dev/gpiochip0 or another one.
//!
//! The kernel numbers the devices as it finds the chips, and that of the header is the first on one
//! kernel and the fifth on the next (a Pi 5): it is found by its label. See
//! Documentation/userspace-api/gpio/chardev.rst.

use embedded_hal::digital::{Error, ErrorKind, ErrorType, OutputPin};
use gpiocdev::Request;
use gpiocdev::chip::{Chip, chips};
use gpiocdev::line::Value;

use crate::backends::{HEADER_LABELS, each_pin};
use crate::lamp::OpenError;

/// A pin, which is ours as long as this is open.
///
/// What it is afterwards is the kernel's choice: Raspberry Pi's leaves it as it is, others make it an input
/// again, and the pull-ups that pins 2 and 3 have on the board then make an LED glow
/// (raspberrypi/linux#6117).
pub(crate) struct Pin(Request);

/// Makes these pins outputs of a first level; returns also which chip they belong to.
pub(crate) fn pins<const N: usize>(
    numbers: [u8; N],
    high: bool,
) -> Result<([Pin; N], String), OpenError> {
    let failed = |reason| OpenError { backend: "gpio", reason };
    let (chip, label) = header().map_err(failed)?;
    let device = chip.path().display().to_string();
    let pin = |number: u8| {
        let mut request = Request::builder();
        request.on_chip(chip.path()).with_consumer("swarm-pong").with_line(number.into());
        let opened = request.as_output(level(high)).request();
        opened.map(Pin).map_err(|error| failed(format!("pin {number} of {device}: {error}")))
    };
    let pins = each_pin(numbers, pin)?;
    Ok((pins, format!("{label} ({device})")))
}

/// Opens the chip that the header's pins belong to; returns also its label.
fn header() -> Result<(Chip, String), String> {
    let devices = chips().map_err(|error| format!("/dev: {error}"))?;
    let mut others = Vec::new();
    for device in devices {
        let opened = Chip::from_path(&device).and_then(|chip| {
            let label = chip.info()?.label;
            Ok((chip, label))
        });
        match opened {
            Ok((chip, label)) if HEADER_LABELS.contains(&label.as_str()) => {
                return Ok((chip, label));
            }
            Ok((_, label)) => others.push(format!("{} is {label}", device.display())),
            Err(error) => others.push(format!("{}: {error}", device.display())),
        }
    }
    if others.is_empty() {
        return Err("no /dev/gpiochip…; a container needs --device".to_owned());
    }
    Err(format!("no chip with the header of a Raspberry Pi: {}", others.join(", ")))
}

const fn level(high: bool) -> Value {
    if high { Value::Active } else { Value::Inactive }
}

/// The error returned when the kernel refuses a level.
#[derive(Debug)]
pub(crate) struct LevelError(
    #[expect(dead_code, reason = "shown by Debug, all that embedded-hal asks of an error")]
    gpiocdev::Error,
);

impl Error for LevelError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

impl ErrorType for Pin {
    type Error = LevelError;
}

impl OutputPin for Pin {
    fn set_low(&mut self) -> Result<(), LevelError> {
        self.0.set_lone_value(level(false)).map_err(LevelError)
    }

    fn set_high(&mut self) -> Result<(), LevelError> {
        self.0.set_lone_value(level(true)).map_err(LevelError)
    }
}
