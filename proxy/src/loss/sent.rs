//! What this proxy has sent to another, and what of it has arrived.

use std::time::Duration;

use protocol::probe::PathLoss;
use tokio::time::Instant;

use super::datagram::{Answer, Counts, LENGTH, Request};
use super::evidence::Evidence;

/// Of how many datagrams one is large.
pub(crate) const DATAGRAMS_PER_LARGE: u32 = 9;

/// Of how many one is answered. The first after a large one is, so that its loss is soon known.
pub(crate) const DATAGRAMS_PER_ANSWER: u32 = 3;

/// How long an answer says how the path is.
const MEASURED_FOR: Duration = Duration::from_secs(30);

/// How many small ones must be lost between two answers, and how many at most arrive, for the path to
/// have been cut for a while, which probes find: those of four seconds; the one that was answered, two
/// before the cut and two after it.
const CUT: u32 = 6;
const BESIDE_CUT: u32 = 5;

/// How many of those lost in a row are evidence: of small ones two, since one in five may be lost; of
/// large ones one, since all are where the MTU is wrong.
const MAX_SMALL_IN_A_ROW: u32 = 2;
const MAX_LARGE_IN_A_ROW: u32 = 1;

/// The datagrams to one proxy.
#[derive(Debug)]
pub(crate) struct Sent {
    /// The key of the process there.
    key: u64,
    /// The length of large ones.
    large_length: usize,
    session: u64,
    sent: Counts,
    /// The last answer, and when it came.
    answer: Option<(Answer, Instant)>,
    small: Evidence,
    large: Evidence,
    /// Whether a large one was lost, until that is taken.
    large_lost: bool,
    news: News,
}

/// What has become known since the last time it was taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct News {
    /// How many datagrams have arrived or were lost.
    pub(crate) sent: u64,
    /// How many of them were lost.
    pub(crate) lost: u64,
    /// Whether a large one has arrived.
    pub(crate) large_arrived: bool,
}

impl Sent {
    /// Begins to count what is sent to the process with this key.
    pub(super) fn new(key: u64, large_length: usize) -> Self {
        Self {
            key,
            large_length,
            session: rand::random(),
            sent: Counts::default(),
            answer: None,
            small: Evidence::default(),
            large: Evidence::default(),
            large_lost: false,
            news: News::default(),
        }
    }

    /// Takes note of what a probe has found. With another process the network does not change, so what
    /// is known of it stays.
    pub(super) fn update(&mut self, key: u64, large_length: usize) {
        if self.key != key {
            let new = Self::new(key, large_length);
            let (small, large) = (std::mem::take(&mut self.small), std::mem::take(&mut self.large));
            *self = Self { small, large, news: self.news, ..new };
        }
        self.large_length = large_length;
    }

    /// Returns the next datagram, and whether it is large.
    pub(super) fn next(&self, now: u32) -> (Vec<u8>, bool) {
        let n = self.sent.small.wrapping_add(self.sent.large);
        let is_large = n % DATAGRAMS_PER_LARGE == DATAGRAMS_PER_LARGE - 1;
        let request = Request {
            wants_answer: n.is_multiple_of(DATAGRAMS_PER_ANSWER),
            key: self.key,
            session: self.session,
            sent: self.sent,
            sent_at: now,
        };
        (request.encode(if is_large { self.large_length } else { LENGTH }), is_large)
    }

    /// Records that the next datagram was sent.
    pub(super) const fn record(&mut self, is_large: bool) {
        let count = if is_large { &mut self.sent.large } else { &mut self.sent.small };
        *count = count.wrapping_add(1);
    }

    /// Evaluates an answer; returns whether a large datagram was lost.
    pub(super) fn answered(&mut self, answer: Answer) -> bool {
        if answer.session != self.session {
            return false;
        }
        let last = self.answer.replace((answer, Instant::now()));
        let Some((last, _)) = last.filter(|(last, _)| last.epoch == answer.epoch) else {
            return false;
        };
        let passed = |count: fn(&Counts) -> u32| {
            let sent = count(&answer.sent).wrapping_sub(count(&last.sent));
            let received = count(&answer.received).wrapping_sub(count(&last.received));
            (sent, sent.saturating_sub(received))
        };
        let (small, small_lost) = passed(|counts| counts.small);
        let (large, large_lost) = passed(|counts| counts.large);
        // An answer that was overtaken counts back.
        if small > u32::MAX / 2 {
            return false;
        }
        let was_cut = small_lost >= CUT && small - small_lost <= BESIDE_CUT;
        if !was_cut {
            self.small.record(small, small_lost, MAX_SMALL_IN_A_ROW);
            self.large.record(large, large_lost, MAX_LARGE_IN_A_ROW);
        }
        self.news.sent += u64::from(small + large);
        self.news.lost += u64::from(small_lost + large_lost);
        self.news.large_arrived |= large > large_lost;
        self.large_lost |= large_lost > 0;
        large_lost > 0
    }

    /// Returns whether a large datagram was lost since the last call.
    pub(super) const fn take_large_lost(&mut self) -> bool {
        std::mem::replace(&mut self.large_lost, false)
    }

    /// Returns what is known of the path, if it was answered lately.
    pub(super) fn loss(&self) -> Option<PathLoss> {
        let (answer, _) = self.answer.filter(|(_, when)| when.elapsed() < MEASURED_FOR)?;
        let [small, large] = [&self.small, &self.large];
        let evidence = if large.is_lossy() && !small.is_lossy() { large } else { small };
        Some(PathLoss {
            // At most 10,000.
            hundredths: (evidence.ratio() * 10_000.0).round() as u16,
            jitter: answer.jitter,
            is_lossy: evidence.is_lossy(),
        })
    }

    /// Takes what has become known since the last call.
    pub(super) fn take_news(&mut self) -> News {
        std::mem::take(&mut self.news)
    }
}
