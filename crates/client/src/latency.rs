//! How long one address usually takes to answer.

use std::time::Duration;

/// How many answers a window has. Of a hundred, all but the slowest come within the second slowest's
/// time, so this one is the 99th percentile.
const WINDOW: u8 = 100;

/// The recent answer times of one address: the last complete window, and the current one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Latency {
    previous: Option<Duration>,
    count: u8,
    slowest: Duration,
    second_slowest: Duration,
}

impl Latency {
    /// Records how long an answer took, or how long one was waited for in vain.
    pub(crate) fn record(&mut self, took: Duration) {
        if took > self.slowest {
            self.second_slowest = self.slowest;
            self.slowest = took;
        } else {
            self.second_slowest = self.second_slowest.max(took);
        }
        self.count += 1;
        if self.count == WINDOW {
            *self = Self { previous: Some(self.second_slowest), ..Self::default() };
        }
    }

    /// Returns the time within which 99 of 100 answers came; of fewer, the slowest counts. None
    /// before the first answer.
    pub(crate) fn p99(&self) -> Option<Duration> {
        match self.previous {
            Some(previous) => Some(previous.max(self.second_slowest)),
            None => (self.count > 0).then_some(self.slowest),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const fn millis(n: u64) -> Duration {
        Duration::from_millis(n)
    }

    proptest! {
        #[test]
        fn of_a_hundred_answers_99_came_within_the_p99(times in prop::collection::vec(0..500_u64, 100)) {
            let mut latency = Latency::default();
            times.iter().for_each(|time| latency.record(millis(*time)));
            let mut sorted = times;
            sorted.sort_unstable();
            prop_assert_eq!(latency.p99(), Some(millis(sorted[98])));
        }
    }

    #[test]
    fn a_slower_pace_counts_at_once_and_a_faster_one_after_two_windows() {
        let mut latency = Latency::default();
        assert_eq!(latency.p99(), None);
        latency.record(millis(7));
        assert_eq!(latency.p99(), Some(millis(7)));
        (0..WINDOW).for_each(|_| latency.record(millis(2)));
        assert_eq!(latency.p99(), Some(millis(2)), "one slow answer in a hundred is left out");
        (0..2).for_each(|_| latency.record(millis(90)));
        assert_eq!(latency.p99(), Some(millis(90)));
        (0..2 * WINDOW).for_each(|_| latency.record(millis(2)));
        assert_eq!(latency.p99(), Some(millis(2)));
    }
}
