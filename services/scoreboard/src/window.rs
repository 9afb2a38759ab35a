//! Counts over the last minute, in half seconds.

use std::time::Duration;

use tokio::time::Instant;

/// The length of one part of the window.
const PART: Duration = Duration::from_millis(500);

/// How many parts there are: a minute, and the one that is not over yet.
const PARTS: usize = 121;

/// Counts what happened in each half second of the last minute.
#[derive(Debug)]
pub(crate) struct Window {
    begun: Instant,
    counts: Box<[u32; PARTS]>,
    /// The part that was counted in last, from `begun`.
    last: u64,
}

impl Window {
    /// Returns an empty one whose half seconds are counted from an instant: windows that are compared
    /// have the same one.
    pub(crate) fn since(begun: Instant) -> Self {
        Self { begun, counts: Box::new([0; PARTS]), last: 0 }
    }

    /// Moves on to now; what is older than a minute is forgotten.
    fn turn(&mut self) {
        let now = (self.begun.elapsed().as_millis() / PART.as_millis()) as u64;
        for part in (self.last + 1..=now).rev().take(PARTS) {
            self.counts[part as usize % PARTS] = 0;
        }
        self.last = self.last.max(now);
    }

    /// Counts so many now.
    pub(crate) fn add(&mut self, count: u64) {
        self.turn();
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        let part = &mut self.counts[self.last as usize % PARTS];
        *part = part.saturating_add(count);
    }

    /// Returns how many there were in the last so many seconds, 1 to 60, without the half second
    /// that is not over yet.
    pub(crate) fn sum(&mut self, seconds: u64) -> u64 {
        self.turn();
        let parts = (self.last.saturating_sub(2 * seconds)..self.last).rev();
        parts.take(PARTS - 1).map(|part| u64::from(self.counts[part as usize % PARTS])).sum()
    }

    /// Returns how many there were in the last so many seconds, 1 to 60, and in the half second that
    /// is not over yet.
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
        let mut window = Window::since(Instant::now());
        window.add(3);
        assert_eq!(window.sum(2), 0, "its half second is not over yet");
        assert_eq!(window.until_now(2), 3);
        for (after, in_two, in_fifty) in [(500, 3, 3), (1500, 3, 3), (500, 0, 3), (60_000, 0, 0)] {
            advance(Duration::from_millis(after)).await;
            assert_eq!((window.sum(2), window.sum(50)), (in_two, in_fifty));
        }
        window.add(u64::MAX);
        window.add(1);
        advance(PART).await;
        assert_eq!(window.sum(1), u64::from(u32::MAX));
    }
}
