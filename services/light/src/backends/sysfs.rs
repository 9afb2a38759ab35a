//! GPIO pins through the kernel's files in /sys/class/gpio.
//!
//! The kernel numbers the pins of all chips in a row, and where a chip begins changes from version
//! to version (458, 512, 569 …): the chip is found by its label, and its `base` added. See
//! Documentation/ABI/obsolete/sysfs-gpio.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use embedded_hal::digital::{Error, ErrorKind, ErrorType, OutputPin};

use crate::backends::{HEADER_LABELS, each_pin};
use crate::lamp::OpenError;

/// A pin, driven by writing to its file.
///
/// It stays exported when dropped: the kernel would make it an input again, and the pull-ups that
/// pins 2 and 3 have on the board would make an LED glow.
pub(crate) struct Pin {
    value: File,
    path: PathBuf,
}

/// The chip that the header's pins belong to.
pub(crate) struct Chip {
    root: PathBuf,
    label: String,
    /// The kernel's number of its first pin.
    base: u32,
}

impl Chip {
    /// Finds the chip in `root`, which is /sys/class/gpio or a bind mount of it.
    pub(crate) fn find(root: &Path) -> Result<Self, OpenError> {
        let read = |path: PathBuf| Some(fs::read_to_string(path).ok()?.trim().to_owned());
        let chips = fs::read_dir(root).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut known = chips.filter_map(|chip| {
            let label = read(chip.join("label"))?;
            let base = read(chip.join("base"))?.parse().ok()?;
            let known = HEADER_LABELS.contains(&label.as_str());
            known.then(|| Self { root: root.to_owned(), label, base })
        });
        known.next().ok_or_else(|| OpenError {
            backend: "sysfs",
            reason: format!("no GPIO chip of a Raspberry Pi in {}", root.display()),
        })
    }

    /// Makes these pins outputs of a first level.
    pub(crate) fn pins<const N: usize>(
        &self,
        numbers: [u8; N],
        high: bool,
    ) -> Result<[Pin; N], OpenError> {
        let failed = |reason| OpenError { backend: "sysfs", reason };
        let pin = |number: u8| {
            let opened = self.pin(self.base + u32::from(number), high);
            opened.map_err(|(path, error)| {
                let remedy = match error.kind() {
                    io::ErrorKind::ResourceBusy => "; something else uses the pin",
                    io::ErrorKind::ReadOnlyFilesystem => {
                        "; in a container, bind /sys to a path outside /sys and name its class/gpio"
                    }
                    _ => "",
                };
                failed(format!("pin {number}: {}: {error}{remedy}", path.display()))
            })
        };
        each_pin(numbers, pin)
    }

    fn pin(&self, number: u32, high: bool) -> Result<Pin, (PathBuf, io::Error)> {
        let write = |path: PathBuf, text: &str| {
            let file = OpenOptions::new().write(true).open(&path);
            match file.and_then(|mut file| file.write_all(text.as_bytes())) {
                Ok(()) => Ok(()),
                Err(error) => Err((path, error)),
            }
        };
        let directory = self.root.join(format!("gpio{number}"));
        if !directory.exists() {
            write(self.root.join("export"), &number.to_string())?;
        }
        // In one step an output of this level, with no moment of the other.
        write(directory.join("direction"), if high { "high" } else { "low" })?;
        let path = directory.join("value");
        match OpenOptions::new().write(true).open(&path) {
            Ok(value) => Ok(Pin { value, path }),
            Err(error) => Err((path, error)),
        }
    }
}

impl fmt::Display for Chip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (base {})", self.label, self.base)
    }
}

/// The error returned when the kernel refuses a level.
#[derive(thiserror::Error)]
#[error("{path}: {error}", path = .0.display(), error = .1)]
pub(crate) struct WriteError(PathBuf, io::Error);

impl fmt::Debug for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

impl Error for WriteError {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

impl ErrorType for Pin {
    type Error = WriteError;
}

impl OutputPin for Pin {
    fn set_low(&mut self) -> Result<(), WriteError> {
        self.value.write_all(b"0").map_err(|error| WriteError(self.path.clone(), error))
    }

    fn set_high(&mut self) -> Result<(), WriteError> {
        self.value.write_all(b"1").map_err(|error| WriteError(self.path.clone(), error))
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::backends::traffic_light::TrafficLight;
    use crate::backends::write;
    use crate::lamp::Lamp;
    use crate::scene::{Lights, Scene};

    /// A directory such as /sys/class/gpio, whose pins are exported already.
    fn gpio(chips: &[(u32, &str)], exported: &[u32]) -> TempDir {
        let directory = TempDir::new().expect("a directory");
        let root = directory.path();
        write(root, "export", "");
        for (base, label) in chips {
            write(root, &format!("gpiochip{base}/base"), &format!("{base}\n"));
            write(root, &format!("gpiochip{base}/label"), &format!("{label}\n"));
        }
        for pin in exported {
            write(root, &format!("gpio{pin}/direction"), "");
            write(root, &format!("gpio{pin}/value"), "");
        }
        directory
    }

    fn read(directory: &TempDir, file: &str) -> String {
        fs::read_to_string(directory.path().join(file)).expect("read")
    }

    #[test]
    fn pins_are_counted_from_the_base_of_the_chip_with_a_known_label() {
        let chips = [(504, "raspberrypi-exp-gpio"), (458, "pinctrl-bcm2835")];
        let directory = gpio(&chips, &[460, 461, 462]);
        let chip = Chip::find(directory.path()).expect("a Pi's chip");
        assert_eq!((chip.base, chip.label.as_str()), (458, "pinctrl-bcm2835"));
        let pins = chip.pins([2, 3, 4], false).expect("exported");
        assert_eq!(read(&directory, "gpio460/direction"), "low");
        assert_eq!(read(&directory, "export"), "", "what is exported is not exported again");
        let mut lamp = TrafficLight::new(pins, false, String::new());
        lamp.show(&Scene { connected: true, idle: Lights::RED, ..Scene::DARK }).expect("written");
        drop(lamp);
        // A plain file keeps every level that was written.
        let levels = [460, 461, 462].map(|pin| read(&directory, &format!("gpio{pin}/value")));
        assert_eq!(levels, ["10", "0", "0"]);
    }

    #[test]
    fn a_pin_is_exported_and_named_if_that_fails() {
        let directory = gpio(&[(512, "pinctrl-bcm2711")], &[]);
        let chip = Chip::find(directory.path()).expect("a Pi's chip");
        let error = chip.pins([17], false).err().expect("nobody exports it");
        assert_eq!(read(&directory, "export"), "529");
        assert!(error.to_string().starts_with("sysfs: pin 17: "), "{error}");
        assert!(error.to_string().contains("gpio529/direction"), "{error}");
    }

    #[test]
    fn an_active_low_pin_begins_high() {
        let directory = gpio(&[(569, "pinctrl-rp1")], &[586]);
        let chip = Chip::find(directory.path()).expect("a Pi's chip");
        chip.pins([17], true).expect("exported");
        assert_eq!(read(&directory, "gpio586/direction"), "high");
    }

    #[test]
    fn without_a_known_chip_there_is_no_lamp() {
        let directory = gpio(&[(0, "gpio-mockup")], &[2]);
        let error = Chip::find(directory.path()).err().expect("no Pi");
        assert!(
            error.to_string().starts_with("sysfs: no GPIO chip of a Raspberry Pi in "),
            "{error}"
        );
    }
}
