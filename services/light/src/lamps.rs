//! The lamps, each a file.
//!
//! A test of this crate has no rppal: on a Pi it would drive whatever is on the board's pins. It is
//! shown at work by `tests/pi`.

pub(crate) mod blinkt;
pub(crate) mod leds;
#[cfg(all(target_os = "linux", not(test)))]
pub(crate) mod rppal;
pub(crate) mod simulated;
pub(crate) mod sysfs;
pub(crate) mod three;
