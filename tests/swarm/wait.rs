//! Waiting for a condition, never without a deadline.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

/// Waits until a condition holds; fails with its description if it does not in time.
pub(crate) async fn until(what: &str, seconds: u64, mut condition: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    let mut interval = interval(Duration::from_millis(100));
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        if condition().await {
            return;
        }
        assert!(Instant::now() < deadline, "not within {seconds} s: {what}");
    }
}
