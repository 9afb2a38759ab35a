//! GPIO pins through the chip's registers.
//!
//! rppal needs /dev/gpiomem for the registers, /dev/gpiochip0 to know the chip, and the board's
//! revision from /proc/cpuinfo; as root it can use /dev/mem instead.

use std::convert::Infallible;

use embedded_hal::digital::{ErrorType, OutputPin};
use rppal::gpio::Gpio;

use crate::backends::each_pin;
use crate::lamp::OpenError;

/// A pin, driven by a register, which takes whatever it is given.
pub(crate) struct Pin(rppal::gpio::OutputPin);

/// Makes these pins outputs of a first level.
pub(crate) fn pins<const N: usize>(numbers: [u8; N], high: bool) -> Result<[Pin; N], OpenError> {
    let failed = |reason| OpenError { backend: "rppal", reason };
    let gpio = Gpio::new().map_err(|error| {
        failed(format!(
            "{error}; it needs a Raspberry Pi, /dev/gpiomem (Pi 5: /dev/gpiomem0) and /dev/gpiochip0"
        ))
    })?;
    let pin = |number| {
        let pin = gpio.get(number).map_err(|error| failed(format!("pin {number}: {error}")))?;
        let mut pin = if high { pin.into_output_high() } else { pin.into_output_low() };
        // An input's pull-up, which pins 2 and 3 have on the board, would make an LED glow.
        pin.set_reset_on_drop(false);
        Ok(Pin(pin))
    };
    each_pin(numbers, pin)
}

impl ErrorType for Pin {
    type Error = Infallible;
}

impl OutputPin for Pin {
    fn set_low(&mut self) -> Result<(), Infallible> {
        self.0.set_low();
        Ok(())
    }

    fn set_high(&mut self) -> Result<(), Infallible> {
        self.0.set_high();
        Ok(())
    }
}
