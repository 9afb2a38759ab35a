//! The light: the real binary beside real managers and players, switching LEDs of the test's own.

#[path = "../support/http.rs"]
mod http;
#[path = "../support/process.rs"]
mod process;

mod demo;
mod leds;
mod refusals;
mod strokes;
mod test;
mod trouble;
