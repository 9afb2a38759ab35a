//! Which rallies are published stroke by stroke.
//!
//! Counters are exact however many rallies are played; strokes are published of a few rallies a
//! second, sampled when they start, so that a manager under load costs its subscribers no more than
//! one at rest.

use parking_lot::Mutex;
use tokio::time::Instant;

use crate::pace::Pace;

/// How many rallies are sampled a second: about as many as a row of lamps can show one by one.
const RALLIES_PER_SECOND: u32 = 3;

/// A sampler of rallies. Those slowed down for people have a budget of their own, so that a person
/// who asks for one sees it on the lamps however busy the manager is.
#[derive(Debug)]
pub(crate) struct Sampler {
    full_speed: Mutex<Bucket>,
    paced: Mutex<Bucket>,
}

/// How many more rallies may be sampled, refilled with time.
#[derive(Debug)]
struct Bucket {
    left: f64,
    since: Instant,
}

impl Sampler {
    /// Makes a sampler with full budgets.
    pub(crate) fn new() -> Self {
        let full = || Mutex::new(Bucket { left: RALLIES_PER_SECOND.into(), since: Instant::now() });
        Self { full_speed: full(), paced: full() }
    }

    /// Returns whether a rally of this pace that starts now is sampled.
    pub(crate) fn admits(&self, pace: Pace) -> bool {
        let bucket = if pace.is_full_speed() { &self.full_speed } else { &self.paced };
        bucket.lock().take()
    }
}

impl Bucket {
    fn take(&mut self) -> bool {
        let now = Instant::now();
        let max = f64::from(RALLIES_PER_SECOND);
        let refill = now.saturating_duration_since(self.since).as_secs_f64() * max;
        self.left = (self.left + refill).min(max);
        self.since = now;
        let admitted = self.left >= 1.0;
        if admitted {
            self.left -= 1.0;
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn pace(text: &str) -> Pace {
        text.parse().expect("a pace")
    }

    #[tokio::test(start_paused = true)]
    async fn the_sampler_admits_a_few_rallies_per_second() {
        let sampler = Sampler::new();
        let mut admitted = 0;
        for _ in 0..10_000 {
            admitted += u32::from(sampler.admits(pace("0")));
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        assert!((30..=34).contains(&admitted), "{admitted} in ten seconds");
    }

    #[tokio::test(start_paused = true)]
    async fn paced_rallies_have_their_own_budget() {
        let sampler = Sampler::new();
        while sampler.admits(pace("0")) {}
        assert!(sampler.admits(pace("300ms")));
    }
}
