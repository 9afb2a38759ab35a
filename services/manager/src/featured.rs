//! Which rallies the feed shows.
//!
//! Counters are exact however many rallies are played; strokes are shown of a few rallies a second,
//! chosen when they start, so that a manager under load costs its subscribers no more than one at
//! rest.

use std::sync::{Mutex, PoisonError};

use court::pace::Pace;
use tokio::time::Instant;

/// How many rallies are shown a second: about as many as a row of lamps can show one by one.
const A_SECOND: u32 = 3;

/// Chooses the rallies that are shown. Those slowed down for people are kept apart from those at
/// full speed, so that whoever watches one sees it on the lamps however busy the manager is.
#[derive(Debug)]
pub(crate) struct Featured {
    full_speed: Mutex<Bucket>,
    paced: Mutex<Bucket>,
}

/// Holds how many more rallies may be shown, refilled with time.
#[derive(Debug)]
struct Bucket {
    left: f64,
    since: Instant,
}

impl Featured {
    pub(crate) fn new() -> Self {
        let full = || Mutex::new(Bucket { left: A_SECOND.into(), since: Instant::now() });
        Self { full_speed: full(), paced: full() }
    }

    /// Tells whether a rally of this pace that starts now is shown.
    pub(crate) fn choose(&self, pace: Pace) -> bool {
        let bucket = if pace.is_full_speed() { &self.full_speed } else { &self.paced };
        bucket.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl Bucket {
    fn take(&mut self) -> bool {
        let now = Instant::now();
        let most = f64::from(A_SECOND);
        let refill = now.saturating_duration_since(self.since).as_secs_f64() * most;
        self.left = (self.left + refill).min(most);
        self.since = now;
        let chosen = self.left >= 1.0;
        if chosen {
            self.left -= 1.0;
        }
        chosen
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
    async fn a_few_rallies_a_second_are_shown_however_many_start() {
        let featured = Featured::new();
        let mut shown = 0;
        for _ in 0..10_000 {
            shown += u32::from(featured.choose(pace("0")));
            tokio::time::advance(Duration::from_millis(1)).await;
        }
        assert!((30..=34).contains(&shown), "{shown} in ten seconds");
    }

    #[tokio::test(start_paused = true)]
    async fn a_rally_for_people_is_shown_even_when_the_manager_is_busy() {
        let featured = Featured::new();
        while featured.choose(pace("0")) {}
        assert!(featured.choose(pace("300ms")));
    }
}
