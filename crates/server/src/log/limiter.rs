//! How many lines of one kind are logged, however often their cause occurs: an SD card has to
//! outlive the log.
//!
//! As in the Linux kernel's printk, suppressed lines are counted, and their number is logged with
//! the next line of their kind, and at the end.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Instant;
use tracing::{Level, enabled, info};

/// Maximum number of kinds of line that are told apart; lines of others are only counted.
const MAX_KINDS: usize = 256;

/// How many lines of one kind are logged in a span of time.
#[derive(Clone, Copy, Debug)]
pub struct Rate {
    /// How many lines.
    pub burst: u32,
    /// The span of time.
    pub per: Duration,
}

/// The rate of lines about the same fault at the same address.
pub const SAME_FAULT: Rate = Rate { burst: 1, per: Duration::from_secs(10) };

/// A limiter of log lines by their kind.
#[derive(Debug, Default)]
pub struct LogLimiter(Mutex<Kinds>);

#[derive(Debug, Default)]
struct Kinds {
    known: HashMap<String, Kind>,
    /// Suppressed lines of kinds beyond [`MAX_KINDS`].
    others: u64,
}

#[derive(Debug)]
struct Kind {
    per: Duration,
    since: Instant,
    logged: u32,
    suppressed: u64,
}

impl LogLimiter {
    /// Returns whether a line of a kind may be logged now; if not, it counts as suppressed. At the
    /// log level debug all lines are logged.
    pub fn allow(&self, kind: &str, rate: Rate) -> bool {
        if enabled!(Level::DEBUG) {
            return true;
        }
        let (allowed, suppressed) = self.0.lock().count(kind, rate);
        if let Some(suppressed) = suppressed {
            log_suppressed(kind, suppressed);
        }
        allowed
    }

    /// Logs how many lines of each kind were suppressed and not reported yet.
    pub fn report(&self) {
        self.0
            .lock()
            .take_suppressed()
            .iter()
            .for_each(|(kind, count)| log_suppressed(kind, *count));
    }
}

impl Kinds {
    /// Counts a line; returns whether it may be logged and, if so, how many were suppressed before.
    fn count(&mut self, kind: &str, rate: Rate) -> (bool, Option<u64>) {
        let now = Instant::now();
        let is_over = |kind: &Kind| now.saturating_duration_since(kind.since) >= kind.per;
        if self.known.len() >= MAX_KINDS && !self.known.contains_key(kind) {
            // Those that have not come for a while make room.
            self.known.retain(|_, kind| !is_over(kind) || kind.suppressed > 0);
            if self.known.len() >= MAX_KINDS {
                self.others += 1;
                return (false, None);
            }
        }
        if !self.known.contains_key(kind) {
            let new = Kind { per: rate.per, since: now, logged: 0, suppressed: 0 };
            self.known.insert(kind.to_owned(), new);
        }
        let kind = self.known.get_mut(kind).expect("inserted if it was new");
        if is_over(kind) {
            (kind.since, kind.logged) = (now, 0);
        }
        if kind.logged >= rate.burst {
            kind.suppressed += 1;
            return (false, None);
        }
        kind.logged += 1;
        let suppressed = std::mem::take(&mut kind.suppressed);
        (true, (suppressed > 0).then_some(suppressed))
    }

    fn take_suppressed(&mut self) -> Vec<(String, u64)> {
        let known = self.known.iter_mut();
        let known =
            known.map(|(kind, counts)| (kind.clone(), std::mem::take(&mut counts.suppressed)));
        let others = ("others".to_owned(), std::mem::take(&mut self.others));
        known.chain([others]).filter(|(_, suppressed)| *suppressed > 0).collect()
    }
}

fn log_suppressed(kind: &str, suppressed: u64) {
    info!(kind, suppressed, "log lines suppressed");
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn allowed(kinds: &mut Kinds, rate: Rate, kind: &'static str, count: u32) -> (u32, u64) {
        let mut total = (0, 0);
        for _ in 0..count {
            let (allowed, suppressed) = kinds.count(kind, rate);
            total = (total.0 + u32::from(allowed), total.1 + suppressed.unwrap_or_default());
        }
        total
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_lines_of_each_span_are_logged_and_the_others_are_reported_with_the_next() {
        let mut kinds = Kinds::default();
        let rate = Rate { burst: 20, per: Duration::from_secs(1) };
        assert_eq!(allowed(&mut kinds, rate, "rally finished", 500), (20, 0));
        advance(Duration::from_millis(999)).await;
        assert_eq!(allowed(&mut kinds, rate, "rally finished", 5), (0, 0));
        advance(Duration::from_millis(1)).await;
        assert_eq!(allowed(&mut kinds, rate, "rally finished", 21), (20, 480 + 5));
        assert_eq!(kinds.take_suppressed(), [("rally finished".to_owned(), 1)]);
        assert_eq!(kinds.take_suppressed(), [], "reported once");
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_one_kind_leaves_room_for_the_first_line_of_another() {
        let mut kinds = Kinds::default();
        assert_eq!(allowed(&mut kinds, SAME_FAULT, "10.0.9.4:3000 refused", 10_000).0, 1);
        assert_eq!(allowed(&mut kinds, SAME_FAULT, "10.0.9.5:3000 refused", 10_000).0, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn kinds_without_end_are_bounded_counted_and_forgotten() {
        let mut kinds = Kinds::default();
        let count = |kinds: &mut Kinds, n: u32| kinds.count(&n.to_string(), SAME_FAULT).0;
        let logged: u32 = (0..10_000).map(|n| u32::from(count(&mut kinds, n))).sum();
        assert_eq!(logged as usize, MAX_KINDS);
        let others = ("others".to_owned(), 10_000 - MAX_KINDS as u64);
        assert_eq!(kinds.take_suppressed(), [others]);
        advance(Duration::from_secs(10)).await;
        assert!(count(&mut kinds, 20_000));
        assert_eq!(kinds.known.len(), 1);
    }
}
