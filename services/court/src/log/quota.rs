//! How many lines of one kind are written, however often what they tell of happens.
//!
//! A log goes to an SD card. What is left out is counted, and told in a line of its own.

use std::borrow::Cow;
use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, timeout};
use tracing::{Level, enabled, info};

use crate::task::Task;

/// The time between two lines that tell what was left out.
const SAID_EVERY: Duration = Duration::from_secs(10);

/// The most kinds of line that are told apart; of others nothing is written but their number.
const MOST: usize = 256;

/// Holds how many lines of one kind are written in a span of time.
#[derive(Clone, Copy, Debug)]
pub struct Limit {
    /// How many lines.
    pub most: u32,
    /// In what span.
    pub span: Duration,
}

/// Limits what tells of the same fault of the same address again.
pub const SAME_FAULT: Limit = Limit { most: 1, span: Duration::from_secs(10) };

/// Lets lines of each kind through up to a limit, and counts the rest.
#[derive(Debug, Default)]
pub struct Quota(Mutex<Kinds>);

#[derive(Debug, Default)]
struct Kinds {
    known: HashMap<Cow<'static, str>, Kind>,
    /// Lines of kinds beyond [`MOST`].
    beyond: u64,
}

#[derive(Debug)]
struct Kind {
    span: Duration,
    since: Instant,
    written: u32,
    left_out: u64,
}

impl Quota {
    fn lock(&self) -> MutexGuard<'_, Kinds> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells whether a line of a kind may be written now; if not, it is counted as left out. At the
    /// log level debug all are.
    pub fn admits(&self, kind: impl Into<Cow<'static, str>>, limit: Limit) -> bool {
        if enabled!(Level::DEBUG) {
            return true;
        }
        let (kind, mut kinds) = (kind.into(), self.lock());
        if kinds.known.len() >= MOST && !kinds.known.contains_key(&kind) {
            kinds.beyond += 1;
            return false;
        }
        let now = Instant::now();
        let fresh = || Kind { span: limit.span, since: now, written: 0, left_out: 0 };
        let kind = kinds.known.entry(kind).or_insert_with(fresh);
        if now.saturating_duration_since(kind.since) >= limit.span {
            (kind.since, kind.written) = (now, 0);
        }
        let admitted = kind.written < limit.most;
        if admitted {
            kind.written += 1;
        } else {
            kind.left_out += 1;
        }
        admitted
    }

    /// Returns what was left out of each kind since it was last asked, and forgets kinds that have
    /// not come for a while.
    fn left_out(&self) -> Vec<(String, u64)> {
        let mut kinds = self.lock();
        let beyond = std::mem::take(&mut kinds.beyond);
        let mut told = Vec::new();
        for (name, kind) in &mut kinds.known {
            if kind.left_out > 0 {
                told.push((name.to_string(), std::mem::take(&mut kind.left_out)));
            }
        }
        if beyond > 0 {
            told.push(("others".to_owned(), beyond));
        }
        kinds.known.retain(|_, kind| kind.since.elapsed() < kind.span);
        told
    }

    fn say(&self, service: &'static str, me: &Task) {
        for (kind, left_out) in self.left_out() {
            info!(service, task = %me.name, node = %me.node, kind, left_out, "log lines left out");
        }
    }

    /// Serves, and says every 10 s and at the end how many lines of each kind were left out.
    pub async fn around<T>(
        &self,
        service: &'static str,
        me: &Task,
        serving: impl Future<Output = T>,
    ) -> T {
        let mut serving = pin!(serving);
        let served = loop {
            match timeout(SAID_EVERY, &mut serving).await {
                Ok(served) => break served,
                Err(_) => self.say(service, me),
            }
        };
        self.say(service, me);
        served
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn admitted(quota: &Quota, limit: Limit, kind: &'static str, count: u32) -> u32 {
        (0..count).map(|_| u32::from(quota.admits(kind, limit))).sum()
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_lines_of_each_span_are_written_and_the_others_counted() {
        let quota = Quota::default();
        let limit = Limit { most: 20, span: Duration::from_secs(1) };
        assert_eq!(admitted(&quota, limit, "rally over", 500), 20);
        advance(Duration::from_millis(999)).await;
        assert_eq!(admitted(&quota, limit, "rally over", 5), 0);
        advance(Duration::from_millis(1)).await;
        assert_eq!(admitted(&quota, limit, "rally over", 21), 20);
        assert_eq!(quota.left_out(), [("rally over".to_owned(), 480 + 5 + 1)]);
        assert_eq!(quota.left_out(), [], "told once");
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_of_one_kind_leaves_room_for_the_first_line_of_another() {
        let quota = Quota::default();
        assert_eq!(admitted(&quota, SAME_FAULT, "10.0.9.4:3000 refused", 10_000), 1);
        assert_eq!(admitted(&quota, SAME_FAULT, "10.0.9.5:3000 refused", 10_000), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn kinds_without_end_are_bounded_counted_and_forgotten() {
        let quota = Quota::default();
        let written: u32 =
            (0..10_000_u32).map(|n| u32::from(quota.admits(n.to_string(), SAME_FAULT))).sum();
        assert_eq!(written as usize, MOST);
        assert_eq!(quota.left_out(), [("others".to_owned(), 10_000 - MOST as u64)]);
        advance(Duration::from_secs(10)).await;
        assert_eq!(quota.left_out(), []);
        assert!(quota.admits("new", SAME_FAULT));
    }
}
