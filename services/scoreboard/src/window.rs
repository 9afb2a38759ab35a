//! Counts over the last minute, in half seconds.

use std::time::Duration;

use tokio::time::Instant;

/// How long what has happened is remembered.
pub(crate) const MEMORY: Duration = Duration::from_secs(60);

/// The length of one part of the window.
const PART: Duration = Duration::from_millis(500);

/// How many parts there are: a minute, and the one that is not over yet.
const PARTS: usize = (MEMORY.as_millis() / PART.as_millis()) as usize + 1;

/// A counter of what happened in each half second of the last minute.
#[derive(Debug)]
pub(crate) struct SlidingCounter {
    started: Instant,
    counts: Box<[u32; PARTS]>,
    /// The part that was counted in last, from `started`.
    last: u64,
}

impl SlidingCounter {
    /// Makes an empty counter whose half seconds start at an instant; counters that are compared
    /// have the same one.
    pub(crate) fn since(started: Instant) -> Self {
        Self { started, counts: Box::new([0; PARTS]), last: 0 }
    }

    /// Moves on to now; what is older than a minute is forgotten.
    fn advance(&mut self) {
        let now = (self.started.elapsed().as_millis() / PART.as_millis()) as u64;
        for part in (self.last + 1..=now).rev().take(PARTS) {
            self.counts[part as usize % PARTS] = 0;
        }
        self.last = self.last.max(now);
    }

    /// Adds to the current half second.
    pub(crate) fn add(&mut self, count: u64) {
        self.advance();
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let part = &mut self.counts[self.last as usize % PARTS];
        *part = part.saturating_add(count);
    }

    /// Returns the count of the last `seconds`, 1 to 60, without the half second that is not over
    /// yet.
    pub(crate) fn sum(&mut self, seconds: u64) -> u64 {
        self.advance();
        let parts = (self.last.saturating_sub(2 * seconds)..self.last).rev();
        parts.take(PARTS - 1).map(|part| u64::from(self.counts[part as usize % PARTS])).sum()
    }

    /// Returns the count of the last `seconds`, 1 to 60, and of the half second that is not over yet.
    pub(crate) fn until_now(&mut self, seconds: u64) -> u64 {
        self.sum(seconds) + u64::from(self.counts[self.last as usize % PARTS])
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_count_is_in_the_window_for_as_long_as_was_asked() {
        let mut counter = SlidingCounter::since(Instant::now());
        counter.add(3);
        assert_eq!(counter.sum(2), 0, "its half second is not over yet");
        assert_eq!(counter.until_now(2), 3);
        for (after, in_two, in_fifty) in [(500, 3, 3), (1500, 3, 3), (500, 0, 3), (60_000, 0, 0)] {
            advance(Duration::from_millis(after)).await;
            assert_eq!((counter.sum(2), counter.sum(50)), (in_two, in_fifty));
        }
        counter.add(u64::MAX);
        counter.add(1);
        advance(PART).await;
        assert_eq!(counter.sum(1), u64::from(u32::MAX));
    }
}
