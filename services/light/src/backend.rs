//! Opening the lamp that was asked for, or the first that there is.

use tracing::{info, warn};

use crate::backends::blinkt::Blinkt;
use crate::backends::leds::Leds;
use crate::backends::simulated::Simulated;
use crate::backends::sysfs::Chip;
use crate::backends::traffic_light::TrafficLight;
#[cfg(all(target_os = "linux", not(test)))]
use crate::backends::{gpio, rppal};
use crate::lamp::{Lamp, OpenError};
use crate::options::{Backend, LampOptions};

/// The backends that are tried in turn: first the one that works in a service of a Swarm.
const AUTO: [Backend; 4] = [Backend::Leds, Backend::Gpio, Backend::Rppal, Backend::Sysfs];

impl Backend {
    /// Opens a lamp. With [`Backend::Auto`] it is the first that opens, and a simulation if there is
    /// none; why the others did not open is logged.
    ///
    /// # Errors
    ///
    /// [`OpenError`], when the lamp does not open; never with [`Backend::Auto`].
    pub fn open(self, options: &LampOptions) -> Result<Box<dyn Lamp>, OpenError> {
        let LampOptions { pins, active_low, .. } = options;
        match self {
            Self::Auto => {
                let found = Self::open_first(options, |error| {
                    info!(reason = %error, "backend unavailable");
                });
                Ok(found.unwrap_or_else(|| {
                    warn!("no LED found, simulating the lamp in this log");
                    Box::new(Simulated::logged())
                }))
            }
            Self::Leds => Ok(Box::new(Leds::open(&options.leds, &options.state, *active_low)?)),
            Self::Gpio => {
                let (levels, chip) = gpio_pins(pins.0, *active_low)?;
                let name = format!("gpio on pins {pins} of {chip}");
                Ok(Box::new(TrafficLight::new(levels, *active_low, name)))
            }
            Self::Rppal => {
                let name = format!("rppal on pins {pins}");
                let pins = rppal_pins(pins.0, *active_low)?;
                Ok(Box::new(TrafficLight::new(pins, *active_low, name)))
            }
            Self::Sysfs => {
                let chip = Chip::find(&options.sysfs)?;
                let name = format!("sysfs on pins {pins} of {chip}");
                let pins = chip.pins(pins.0, *active_low)?;
                Ok(Box::new(TrafficLight::new(pins, *active_low, name)))
            }
            Self::Blinkt => open_blinkt(options),
            Self::Simulated => Ok(Box::new(Simulated::logged())),
        }
    }

    /// Opens the first lamp that is not simulated, and reports those that do not open.
    pub(crate) fn open_first(
        options: &LampOptions,
        mut unavailable: impl FnMut(OpenError),
    ) -> Option<Box<dyn Lamp>> {
        AUTO.into_iter().find_map(|backend| backend.open(options).map_err(&mut unavailable).ok())
    }
}

fn open_blinkt(options: &LampOptions) -> Result<Box<dyn Lamp>, OpenError> {
    let LampOptions { blinkt_pins, color, .. } = options;
    let no_gpio = match gpio_pins(blinkt_pins.0, false) {
        Ok((pins, chip)) => {
            let name = format!("Blinkt on pins {blinkt_pins}, by gpio of {chip}");
            return Ok(Box::new(Blinkt::new(pins, *color, name)));
        }
        Err(error) => error,
    };
    let no_rppal = match rppal_pins(blinkt_pins.0, false) {
        Ok(pins) => {
            let name = format!("Blinkt on pins {blinkt_pins}, by rppal");
            return Ok(Box::new(Blinkt::new(pins, *color, name)));
        }
        Err(error) => error,
    };
    let opened = Chip::find(&options.sysfs).and_then(|chip| {
        let name = format!("Blinkt on pins {blinkt_pins}, by sysfs of {chip}");
        Ok(Blinkt::new(chip.pins(blinkt_pins.0, false)?, *color, name))
    });
    match opened {
        Ok(blinkt) => Ok(Box::new(blinkt)),
        Err(error) => {
            Err(OpenError { backend: "blinkt", reason: format!("{no_gpio}; {no_rppal}; {error}") })
        }
    }
}

#[cfg(all(target_os = "linux", not(test)))]
fn gpio_pins<const N: usize>(
    numbers: [u8; N],
    high: bool,
) -> Result<([gpio::Pin; N], String), OpenError> {
    gpio::pins(numbers, high)
}

#[cfg(any(not(target_os = "linux"), test))]
fn gpio_pins<const N: usize>(
    _: [u8; N],
    _: bool,
) -> Result<([crate::backends::sysfs::Pin; N], String), OpenError> {
    Err(OpenError { backend: "gpio", reason: "available on Linux only".to_owned() })
}

#[cfg(all(target_os = "linux", not(test)))]
fn rppal_pins<const N: usize>(numbers: [u8; N], high: bool) -> Result<[rppal::Pin; N], OpenError> {
    rppal::pins(numbers, high)
}

#[cfg(any(not(target_os = "linux"), test))]
fn rppal_pins<const N: usize>(
    _: [u8; N],
    _: bool,
) -> Result<[crate::backends::sysfs::Pin; N], OpenError> {
    Err(OpenError { backend: "rppal", reason: "available on Linux only".to_owned() })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use tempfile::TempDir;

    use super::*;
    use crate::backends::write;
    use crate::color::Color;
    use crate::idle::Idle;
    use crate::pins::Pins;

    fn open(root: &Path, backend: Backend) -> Result<String, String> {
        let options = LampOptions {
            backend: None,
            idle: Idle::Off,
            pins: Pins([2, 3, 4]),
            active_low: false,
            blinkt_pins: Pins([23, 24]),
            color: Color::OFF,
            leds: root.join("leds"),
            state: root.join("state"),
            sysfs: root.join("gpio"),
        };
        let opened = backend.open(&options);
        opened.map(|lamp| lamp.name()).map_err(|error| error.to_string())
    }

    fn directory_with_pins(pins: &[u32]) -> TempDir {
        let directory = TempDir::new().expect("a directory");
        let root = directory.path();
        write(root, "gpio/gpiochip512/base", "512");
        write(root, "gpio/gpiochip512/label", "pinctrl-bcm2711");
        for pin in pins {
            write(root, &format!("gpio/gpio{}/direction", 512 + pin), "");
            write(root, &format!("gpio/gpio{}/value", 512 + pin), "");
        }
        directory
    }

    #[test]
    fn auto_takes_leds_before_pins_and_simulates_when_there_is_nothing() {
        let directory = directory_with_pins(&[2, 3, 4]);
        let name = "sysfs on pins 2,3,4 of pinctrl-bcm2711 (base 512)";
        assert_eq!(open(directory.path(), Backend::Auto), Ok(name.into()));
        write(directory.path(), "leds/ACT/brightness", "0");
        let leds = open(directory.path(), Backend::Auto).expect("an LED");
        assert!(leds.starts_with("the kernel's LED ACT in "), "{leds}");
        let empty = TempDir::new().expect("a directory");
        assert_eq!(open(empty.path(), Backend::Auto), Ok("a simulation".into()));
    }

    #[test]
    fn an_explicit_backend_has_no_fallback() {
        let directory = directory_with_pins(&[2, 3, 4]);
        let error = open(directory.path(), Backend::Leds).expect_err("no LED");
        assert!(error.starts_with("leds: neither pong-red nor ACT in "), "{error}");
        let simulated = open(directory.path(), Backend::Simulated);
        assert_eq!(simulated, Ok("a simulation".into()));
    }

    #[test]
    fn blinkt_falls_back_to_sysfs() {
        let directory = directory_with_pins(&[23, 24]);
        let name = "Blinkt on pins 23,24, by sysfs of pinctrl-bcm2711 (base 512)";
        assert_eq!(open(directory.path(), Backend::Blinkt), Ok(name.into()));
        let empty = TempDir::new().expect("a directory");
        let error = open(empty.path(), Backend::Blinkt).expect_err("no pins");
        assert!(error.contains("rppal: ") && error.contains("; sysfs: "), "{error}");
    }
}
