//! Growing pauses between attempts.

use std::time::Duration;

/// The pause after the first failure; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The longest pause. What works again is tried at least this often.
const MAX_PAUSE: Duration = Duration::from_secs(2);

/// Consecutive failures, and how long to pause after each: 200 ms doubling to 2 s.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// Counts a failure; returns how long to pause before the next attempt.
    pub fn fail(&mut self) -> Duration {
        let pause = FIRST_PAUSE * 2_u32.saturating_pow(self.failures.min(8));
        self.failures = self.failures.saturating_add(1);
        pause.min(MAX_PAUSE)
    }

    /// Returns the number of failures in a row.
    #[must_use]
    pub const fn failures(self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_from_200_ms_to_2_s() {
        let mut backoff = Backoff::default();
        let pauses: Vec<_> = (0..7).map(|_| backoff.fail().as_millis()).collect();
        assert_eq!(pauses, [200, 400, 800, 1600, 2000, 2000, 2000]);
        (0..1000).for_each(|_| assert_eq!(backoff.fail(), MAX_PAUSE));
    }
}
