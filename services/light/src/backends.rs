//! The lamps, one in each file.
//!
//! Unit tests have neither gpio nor rppal: on a Pi they would drive whatever is on the board's pins. They
//! are tested by `tests/pi`.

pub(crate) mod blinkt;
#[cfg(all(target_os = "linux", not(test)))]
pub(crate) mod gpio;
pub(crate) mod leds;
#[cfg(all(target_os = "linux", not(test)))]
pub(crate) mod rppal;
pub(crate) mod simulated;
pub(crate) mod sysfs;
pub(crate) mod traffic_light;

use crate::lamp::OpenError;

/// The labels of the chips whose first lines are the header's pins: Pi 0 to 3, Pi 4, Pi 5.
pub(crate) const HEADER_LABELS: [&str; 3] = ["pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"];

/// Opens the pins of these numbers; the first that does not open is the error.
fn each_pin<P, const N: usize>(
    numbers: [u8; N],
    open: impl FnMut(u8) -> Result<P, OpenError>,
) -> Result<[P; N], OpenError> {
    let pins = numbers.into_iter().map(open).collect::<Result<Vec<_>, _>>()?;
    Ok(pins.try_into().unwrap_or_else(|_| unreachable!("one for each number")))
}

/// Writes a file in a test's own directory, with the directories above it.
#[cfg(test)]
pub(crate) fn write(root: &std::path::Path, file: &str, text: &str) {
    let path = root.join(file);
    std::fs::create_dir_all(path.parent().expect("below the root")).expect("directories");
    std::fs::write(path, text).expect("written");
}
