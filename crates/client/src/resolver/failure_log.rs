//! How often a lookup that fails is logged: the same name and cause once a minute in a process,
//! since names are looked up each second, and by several parts of a service.

use std::collections::BTreeMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;
use tracing::{debug, warn};

use super::{LookupCause, LookupError};

/// The time between two lines about the same name and cause.
const QUIET: Duration = Duration::from_secs(60);

/// When each name and cause was logged last; names come from options, so they are few.
#[derive(Debug)]
struct Logged(BTreeMap<(String, LookupCause), Instant>);

static LOGGED: Mutex<Logged> = Mutex::new(Logged(BTreeMap::new()));

impl Logged {
    fn is_due(&mut self, host: &str, cause: LookupCause) -> bool {
        let now = Instant::now();
        let last = self.0.insert((host.to_owned(), cause), now);
        match last {
            Some(last) if now.saturating_duration_since(last) < QUIET => {
                self.0.insert((host.to_owned(), cause), last);
                false
            }
            _ => true,
        }
    }
}

/// Logs that a target could not be looked up, as a warning now and then.
pub(crate) fn log(target: &str, error: LookupError) {
    let host = target.rsplit_once(':').map_or(target, |(host, _)| host);
    let cause = error.cause.name();
    let server = error.server.map(|server| tracing::field::display(server.ip()));
    if LOGGED.lock().is_due(host, error.cause) {
        warn!(target_name = host, cause, server, "DNS lookup failed");
    } else {
        debug!(target_name = host, cause, server, "DNS lookup failed");
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_same_name_and_cause_is_due_once_a_minute() {
        let mut logged = Logged(BTreeMap::new());
        for (seconds, due) in [(0, true), (1, false), (58, false), (1, true), (59, false)] {
            advance(Duration::from_secs(seconds)).await;
            assert_eq!(logged.is_due("tasks.ping", LookupCause::NoSuchName), due, "+{seconds} s");
        }
        assert!(logged.is_due("tasks.ping", LookupCause::Timeout), "another cause");
        assert!(logged.is_due("tasks.pong", LookupCause::NoSuchName), "another name");
    }
}
