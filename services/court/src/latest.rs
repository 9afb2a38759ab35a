//! The latest times of something that happens again and again, and how long it usually takes.

/// How many times are kept; with fewer, p99 would be the slowest of them.
const KEPT: usize = 128;

/// Keeps the latest 128 times in microseconds, the oldest overwritten first.
#[derive(Debug, Default)]
pub struct Latest {
    times: Vec<u32>,
    next: usize,
}

impl Latest {
    /// Adds a time in microseconds; one beyond 71 minutes counts as that.
    pub fn add(&mut self, micros: impl TryInto<u32>) {
        let micros = micros.try_into().unwrap_or(u32::MAX);
        if self.times.len() < KEPT {
            self.times.push(micros);
        } else {
            self.times[self.next] = micros;
        }
        self.next = (self.next + 1) % KEPT;
    }

    /// Returns how many times are kept.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.times.len()
    }

    /// Returns what half of them took at most and what 99 of 100 took at most, in microseconds.
    #[must_use]
    pub fn median_and_p99(&self) -> [Option<u32>; 2] {
        let mut times = self.times.clone();
        times.sort_unstable();
        let rank = |percent: usize| (times.len() * percent).div_ceil(100).max(1) - 1;
        [50, 99].map(|percent| times.get(rank(percent)).copied())
    }
}
