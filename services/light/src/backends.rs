//! The lamps, one in each file.
//!
//! Unit tests have no rppal: on a Pi it would drive whatever is on the board's pins. It is tested by
//! `tests/pi`.

pub(crate) mod blinkt;
pub(crate) mod leds;
#[cfg(all(target_os = "linux", not(test)))]
pub(crate) mod rppal;
pub(crate) mod simulated;
pub(crate) mod sysfs;
pub(crate) mod traffic_light;

/// Writes a file in a test's own directory, with the directories above it.
#[cfg(test)]
pub(crate) fn write(root: &std::path::Path, file: &str, text: &str) {
    let path = root.join(file);
    std::fs::create_dir_all(path.parent().expect("below the root")).expect("directories");
    std::fs::write(path, text).expect("written");
}
