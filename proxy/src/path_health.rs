//! The health of one path: how long its probes take, whether it is broken and why, and when and how
//! to probe it next.
//!
//! A probe that fails is only followed by another one soon, larger or smaller where that reveals more.
//! A path is broken after three probes in a row that failed, or after two large ones with a small one
//! between them that was answered; it is ok again after two in a row that were answered, a large one
//! among them if those had failed. So the worst case from the first lost packet to the verdict is
//! 9 s, and no single packet, lost or late, decides.

use std::time::Duration;

use protocol::node::NodeRef;
use protocol::probe::{PathLoss, PathMeasurement, ProbeFailure};
use server::samples::RecentSamples;

use crate::loss::News;

/// Interval between probes while the state of the path is certain; varied by a fifth, so that nodes
/// do not probe in step.
pub(crate) const PROBE_INTERVAL: Duration = Duration::from_secs(3);

/// Interval between probes while the state of the path may be about to change.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);

/// One probe in how many is large if no large datagram arrives, of which there is one every 6 s.
const LARGE_EVERY: u32 = 3;

/// One probe in how many is large if there are no datagrams: one every 6 s too, since the loss of large
/// packets must be reported within 15 s.
const LARGE_EVERY_ALONE: u32 = 2;

/// How many probes in a row must fail for a path to be broken.
const FAILURES_TO_BREAK: u32 = 3;

/// How many large probes in a row must fail for a path to be broken for large packets.
const LARGE_FAILURES_TO_BREAK: u32 = 2;

/// How many probes in a row must be answered for a path to be ok again.
const ANSWERS_TO_RECOVER: u32 = 2;

/// The size of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProbeSize {
    /// As small as a request can be.
    Small,
    /// More than the largest packet.
    Large,
}

/// The outcome of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProbeOutcome {
    /// It was answered; to connect took this long.
    Answered(Duration),
    /// No connection came about.
    NotConnected(ProbeFailure),
    /// A connection came about, but no answer.
    NotAnswered(ProbeFailure),
}

/// The health of the path to one node.
#[derive(Debug)]
pub(crate) struct PathHealth {
    /// Those of about six minutes.
    round_trips: RecentSamples,
    /// A bit for each of the latest probes, set if it failed.
    lost: u32,
    sent: u32,
    /// Probes since the last large one, or since a large datagram arrived.
    since_large: u32,
    /// How many in a row were answered, of whichever size.
    answered: u32,
    /// How many in a row failed for another reason than being large.
    failed: u32,
    /// How many large ones in a row failed after they had connected.
    large_failed: u32,
    /// Whether the last probe was large and failed after it had connected.
    last_large_failed: bool,
    last_failure: Option<ProbeFailure>,
    /// Whether datagrams were answered while probes failed.
    datagrams_answered: bool,
    broken: Option<ProbeFailure>,
    loss: Option<PathLoss>,
    news: News,
}

impl PathHealth {
    /// Makes the health of a path that is probed from now on, and was `broken` before; a random
    /// number spreads the large probes over time.
    pub(crate) fn new(random: u32, broken: Option<ProbeFailure>) -> Self {
        Self {
            round_trips: RecentSamples::default(),
            lost: 0,
            sent: 0,
            since_large: random % LARGE_EVERY,
            answered: 0,
            failed: 0,
            large_failed: 0,
            last_large_failed: false,
            last_failure: None,
            datagrams_answered: false,
            broken,
            loss: None,
            news: News::default(),
        }
    }

    /// Takes over why the path was broken before, unless it already counts as broken.
    pub(crate) fn inherit(&mut self, broken: Option<ProbeFailure>) {
        self.broken = self.broken.or(broken);
    }

    /// Records what is known of the path's datagrams, and what is new of them.
    pub(crate) fn record_loss(&mut self, loss: Option<PathLoss>, news: News) {
        (self.loss, self.news) = (loss, news);
        if news.large_arrived {
            self.since_large = 0;
        }
        // What is told after the first failure may have been answered before it.
        if self.failed >= 2 && news.sent > news.lost {
            self.datagrams_answered = true;
            self.update_state();
        }
    }

    /// Returns what is known of the path's datagrams, and takes what is new of them.
    pub(crate) fn take_loss(&mut self) -> (Option<PathLoss>, News) {
        (self.loss, std::mem::take(&mut self.news))
    }

    /// Has the next probe be large, since a large datagram was lost.
    pub(crate) const fn suspect_large(&mut self) {
        self.since_large = LARGE_EVERY;
    }

    /// Returns how large the next probe is to be.
    pub(crate) fn next_size(&self) -> ProbeSize {
        let large = match (self.failed, self.large_failed) {
            // A path that recovers must prove that it carries both.
            (0, 0) => {
                let every = if self.loss.is_some() { LARGE_EVERY } else { LARGE_EVERY_ALONE };
                self.broken.is_some() || self.since_large + 1 >= every
            }
            (0, _) => !self.last_large_failed,
            _ => false,
        };
        if large { ProbeSize::Large } else { ProbeSize::Small }
    }

    /// Returns how long to wait before the next probe.
    pub(crate) fn pause(&self) -> Duration {
        let uncertain = match (self.failed, self.large_failed) {
            (0, 0) => self.broken.is_some(),
            (0, large) => large < LARGE_FAILURES_TO_BREAK,
            (failed, _) => failed < FAILURES_TO_BREAK,
        };
        if uncertain { RETRY_INTERVAL } else { PROBE_INTERVAL }
    }

    /// Records the outcome of a probe.
    pub(crate) fn record(&mut self, size: ProbeSize, outcome: ProbeOutcome) {
        let answered = matches!(outcome, ProbeOutcome::Answered(_));
        let large = size == ProbeSize::Large;
        self.lost = self.lost << 1 | u32::from(!answered);
        self.sent = self.sent.saturating_add(1);
        self.since_large = if large { 0 } else { self.since_large.saturating_add(1) };
        self.last_large_failed = false;
        match outcome {
            ProbeOutcome::Answered(rtt) => {
                self.round_trips.add(rtt.as_micros());
                self.answered = self.answered.saturating_add(1);
                self.failed = 0;
                if large {
                    self.large_failed = 0;
                }
            }
            ProbeOutcome::NotAnswered(
                ProbeFailure::NoAnswer | ProbeFailure::Timeout | ProbeFailure::Reset,
            ) if large => {
                self.answered = 0;
                self.large_failed = self.large_failed.saturating_add(1);
                self.last_large_failed = true;
            }
            ProbeOutcome::NotConnected(cause) | ProbeOutcome::NotAnswered(cause) => {
                self.answered = 0;
                self.datagrams_answered &= self.failed > 0;
                self.failed = self.failed.saturating_add(1);
                self.last_failure = Some(cause);
            }
        }
        self.update_state();
    }

    fn update_state(&mut self) {
        if self.failed >= FAILURES_TO_BREAK {
            self.broken = match self.last_failure {
                Some(ProbeFailure::NoAnswer) if self.datagrams_answered => {
                    Some(ProbeFailure::NoData)
                }
                other => other,
            };
        } else if self.failed == 0 && self.large_failed >= LARGE_FAILURES_TO_BREAK {
            self.broken = Some(ProbeFailure::LargePackets);
        } else if self.answered >= ANSWERS_TO_RECOVER && self.large_failed == 0 {
            self.broken = None;
        }
    }

    /// Returns what was measured of the path to a node.
    pub(crate) fn measurement(&self, to: NodeRef) -> PathMeasurement {
        let [median, p99] = self.round_trips.median_and_p99();
        PathMeasurement {
            to,
            cause: self.broken,
            median,
            p99,
            sent: self.sent.min(u32::BITS),
            lost: self.lost.count_ones(),
            loss: self.loss,
        }
    }
}

#[cfg(test)]
mod tests;
