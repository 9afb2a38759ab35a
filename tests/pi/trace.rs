//! What the registers showed: which pins were outputs, and when they were high.

use std::time::{Duration, Instant};

use crate::machine::Registers;

const LIGHTS: [&str; 3] = ["red", "yellow", "green"];

/// The longest time between two looks that misses nothing: the dark rest after a flash is 50 ms.
const BLINK: Duration = Duration::from_millis(40);

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
    looked: Instant,
    blind: Duration,
}

impl Default for Trace {
    fn default() -> Self {
        let now = Instant::now();
        let (on, flashes) = ([None; 3], Vec::new());
        let (outputs, blind) = (false, Duration::ZERO);
        Self { pins: [2, 3, 4], begun: now, on, outputs, flashes, looked: now, blind }
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
        self.blind = Duration::ZERO;
    }

    pub(crate) fn add(&mut self, registers: Registers) {
        let now = Instant::now();
        self.blind = self.blind.max(now - self.looked);
        self.looked = now;
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

    /// Tells for how long nobody looked, if it was so long that flashes may have been missed: a host
    /// that is too busy for its emulator proves nothing.
    pub(crate) fn was_blind(&self) -> Option<Duration> {
        (self.blind > BLINK).then_some(self.blind)
    }

    pub(crate) fn is_dark(&self) -> bool {
        self.on == [None; 3]
    }

    pub(crate) fn are_outputs(&self) -> bool {
        self.outputs
    }
}
