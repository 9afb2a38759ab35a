//! The lamps, each a file.

pub(crate) mod blinkt;
pub(crate) mod leds;
#[cfg(target_os = "linux")]
pub(crate) mod rppal;
pub(crate) mod simulated;
pub(crate) mod sysfs;
pub(crate) mod three;
