//! A trace of the registers: which pins were outputs, and when they were high.

use std::time::{Duration, Instant};

use crate::machine::Registers;

/// The pins of the LEDs in the board's device tree: red, yellow, green.
pub(crate) const LED_PINS: [u32; 3] = [17, 18, 19];

const LIGHTS: [&str; 3] = ["red", "yellow", "green"];

/// The longest time between two reads that misses nothing: the dark rest after a flash is 50 ms.
const MAX_GAP: Duration = Duration::from_millis(40);

/// One flash of a light.
#[derive(Clone, Debug)]
pub(crate) struct Flash {
    pub(crate) light: &'static str,
    pub(crate) at: Duration,
    pub(crate) lasted: Duration,
}

/// The trace of three pins.
pub(crate) struct Trace {
    pins: [u32; 3],
    started: Instant,
    on: [Option<Instant>; 3],
    outputs: bool,
    flashes: Vec<Flash>,
    last_read: Instant,
    longest_gap: Duration,
}

impl Default for Trace {
    fn default() -> Self {
        let now = Instant::now();
        Self {
            pins: [2, 3, 4],
            started: now,
            on: [None; 3],
            outputs: false,
            flashes: Vec::new(),
            last_read: now,
            longest_gap: Duration::ZERO,
        }
    }
}

impl Trace {
    /// Starts with these pins: red, yellow, green.
    pub(crate) fn start(&mut self, pins: [u32; 3]) {
        *self = Self { pins, ..Self::default() };
    }

    /// Forgets all flashes.
    pub(crate) fn clear(&mut self) {
        self.started = Instant::now();
        self.flashes.clear();
        self.longest_gap = Duration::ZERO;
    }

    /// Adds the values that were just read.
    pub(crate) fn add(&mut self, registers: Registers) {
        let now = Instant::now();
        self.longest_gap = self.longest_gap.max(now - self.last_read);
        self.last_read = now;
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
                    let at = since.saturating_duration_since(self.started);
                    self.flashes.push(Flash { light: LIGHTS[n], at, lasted: now - since });
                }
                _ => {}
            }
        }
    }

    /// Returns the flashes that are over, in the order they started.
    pub(crate) fn flashes(&self) -> Vec<Flash> {
        let mut flashes = self.flashes.clone();
        flashes.sort_by_key(|flash| flash.at);
        flashes
    }

    /// Returns the longest time without a read if flashes may have been missed in it: on a host that is
    /// too busy for its emulator nothing can be checked.
    pub(crate) fn gap(&self) -> Option<Duration> {
        (self.longest_gap > MAX_GAP).then_some(self.longest_gap)
    }

    pub(crate) fn is_dark(&self) -> bool {
        self.on == [None; 3]
    }

    pub(crate) fn are_outputs(&self) -> bool {
        self.outputs
    }
}
