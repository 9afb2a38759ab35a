//! The light: the real binary beside real managers and players, switching LEDs of the test's own.

mod demo;
mod lamp_failures;
mod leds;
mod overlapping_rallies;
mod refusals;
mod selftest;
mod strokes;
