//! The latest times of something that happens again and again: their median and p99.

/// How many times are kept; with fewer than 100, p99 would be the slowest of them.
const SIZE: usize = 128;

/// The latest 128 times in microseconds, the oldest overwritten first.
#[derive(Debug, Default)]
pub struct RecentSamples {
    times: Vec<u32>,
    next: usize,
}

impl RecentSamples {
    /// Adds a time in microseconds; one over 71 minutes counts as 71 minutes.
    pub fn add(&mut self, micros: impl TryInto<u32>) {
        let micros = micros.try_into().unwrap_or(u32::MAX);
        if self.times.len() < SIZE {
            self.times.push(micros);
        } else {
            self.times[self.next] = micros;
        }
        self.next = (self.next + 1) % SIZE;
    }

    /// Returns how many times are kept.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.times.len()
    }

    /// Returns their median and their 99th percentile, in microseconds.
    #[must_use]
    pub fn median_and_p99(&self) -> [Option<u32>; 2] {
        let mut times = self.times.clone();
        times.sort_unstable();
        let rank = |percent: usize| (times.len() * percent).div_ceil(100).max(1) - 1;
        [50, 99].map(|percent| times.get(rank(percent)).copied())
    }
}
