//! What the registers showed: which pins were outputs, and when they were high.

use std::time::{Duration, Instant};

use crate::machine::Registers;

const LIGHTS: [&str; 3] = ["red", "yellow", "green"];

/// A light that was on for some time.
#[derive(Clone, Debug)]
pub(crate) struct Flash {
    pub(crate) light: &'static str,
    pub(crate) at: Duration,
    pub(crate) lasted: Duration,
}

/// Follows three pins.
pub(crate) struct Trace {
    pins: [u32; 3],
    begun: Instant,
    on: [Option<Instant>; 3],
    outputs: bool,
    flashes: Vec<Flash>,
}

impl Default for Trace {
    fn default() -> Self {
        Self {
            pins: [2, 3, 4],
            begun: Instant::now(),
            on: [None; 3],
            outputs: false,
            flashes: Vec::new(),
        }
    }
}

impl Trace {
    /// Follows these pins from now on: red, yellow, green.
    pub(crate) fn begin(&mut self, pins: [u32; 3]) {
        *self = Self { pins, ..Self::default() };
    }

    /// Forgets what was seen.
    pub(crate) fn clear(&mut self) {
        self.begun = Instant::now();
        self.flashes.clear();
    }

    pub(crate) fn add(&mut self, registers: Registers) {
        let now = Instant::now();
        // 001 makes a pin an output; each has three bits, ten a register (BCM2835 ARM Peripherals).
        let is_output =
            |pin: u32| registers.select[(pin / 10) as usize] >> (pin % 10 * 3) & 0b111 == 0b001;
        self.outputs = self.pins.into_iter().all(is_output);
        for (n, pin) in self.pins.into_iter().enumerate() {
            let high = registers.levels >> pin & 1 == 1;
            match self.on[n] {
                None if high => self.on[n] = Some(now),
                Some(since) if !high => {
                    self.on[n] = None;
                    let at = since.saturating_duration_since(self.begun);
                    self.flashes.push(Flash { light: LIGHTS[n], at, lasted: now - since });
                }
                _ => {}
            }
        }
    }

    /// Returns what was lit and is dark again, in the order it was lit.
    pub(crate) fn flashes(&self) -> Vec<Flash> {
        let mut flashes = self.flashes.clone();
        flashes.sort_by_key(|flash| flash.at);
        flashes
    }

    pub(crate) fn is_dark(&self) -> bool {
        self.on == [None; 3]
    }

    pub(crate) fn are_outputs(&self) -> bool {
        self.outputs
    }
}
