//! Waiting for a condition, never without a deadline.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use super::http::get;

/// How long anything that must happen may take, on a machine however busy.
pub(crate) const TIMEOUT: Duration = Duration::from_secs(60);

/// How long to wait before a condition is checked again.
const INTERVAL: Duration = Duration::from_millis(20);

/// Waits until `check` returns something.
///
/// # Panics
///
/// When it has returned nothing for [`TIMEOUT`]; `what` says what never came.
pub(crate) async fn until<T>(what: &str, check: impl AsyncFnMut() -> Option<T>) -> T {
    within(TIMEOUT, check).await.unwrap_or_else(|| panic!("never: {what}"))
}

/// Waits until `check` returns true.
pub(crate) async fn until_true(what: &str, mut check: impl AsyncFnMut() -> bool) {
    until(what, async || check().await.then_some(())).await;
}

/// Waits until `check` returns something; none when time is up.
pub(crate) async fn within<T>(
    time: Duration,
    mut check: impl AsyncFnMut() -> Option<T>,
) -> Option<T> {
    let deadline = Instant::now() + time;
    let mut interval = interval(INTERVAL);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        interval.tick().await;
        let found = check().await;
        if found.is_some() || Instant::now() >= deadline {
            return found;
        }
    }
}

/// Waits until a service, asked at its admin port, has this many endpoints of another one that are
/// ready.
pub(crate) async fn until_ready(admin: SocketAddr, service: &str, count: usize) {
    let line = format!("pong_endpoints{{service=\"{service}\",state=\"ready\"}} {count}");
    until_true(&line, async || {
        get(admin, "/metrics", &[]).await.body.lines().any(|found| found == line)
    })
    .await;
}
