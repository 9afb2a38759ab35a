//! A rally as it happens.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use client::fault::Fault;
use game::{Rally, Side, Verdict};
use protocol::event::{RallyEnd, RallyResult, Stroke};
use protocol::id::RallyId;
use protocol::node::Node;
use protocol::task::Task;
use server::log::Rate;
use server::permits::Permit;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep};
use tracing::info;

use crate::pace::Pace;
use crate::pool::PlayerAnswer;
use crate::state::Manager;

/// The rate of log lines about rallies: more than anybody reads, and at 250 bytes a line less than
/// what wears an SD card.
const RALLY_LINES: Rate = Rate { burst: 20, per: Duration::from_secs(1) };

/// Maximum number of players of one rally that are logged.
const MAX_LOGGED_PLAYERS: usize = 16;

/// One rally: played stroke by stroke, counted, logged and published.
#[derive(Debug)]
pub(crate) struct RallyRunner {
    manager: Arc<Manager>,
    id: RallyId,
    proxy: Option<Node>,
    pace: Pace,
    /// Whether its strokes are published.
    sampled: bool,
    rally: Rally,
    faults: u32,
    failed: Vec<(SocketAddr, Fault)>,
    players: Vec<Task>,
    begun: Instant,
    finished: bool,
    full_speed_permit: Option<Permit>,
    _in_flight_permit: OwnedSemaphorePermit,
}

/// What happens next in a rally.
#[derive(Debug)]
pub(crate) enum RallyStep {
    /// A player answered.
    Stroke(Stroke),
    /// The rally has ended.
    Finished(Verdict, RallyResult),
}

/// The error returned at the in-flight limit.
#[derive(Debug)]
pub(crate) struct AtLimit;

impl RallyRunner {
    /// Starts a rally.
    ///
    /// # Errors
    ///
    /// [`AtLimit`], when too many are in flight.
    pub(crate) fn start(
        manager: &Arc<Manager>,
        pace: Pace,
        proxy: Option<Node>,
    ) -> Result<Self, AtLimit> {
        let Some(permit) = manager.in_flight.admit(pace) else {
            manager.metrics.count_refused("at_limit");
            return Err(AtLimit);
        };
        Ok(Self {
            id: manager.next_id(),
            proxy,
            pace,
            sampled: manager.sampler.admits(pace),
            rally: Rally::new(manager.options.rounds),
            faults: 0,
            failed: Vec::new(),
            players: Vec::new(),
            begun: Instant::now(),
            finished: false,
            full_speed_permit: None,
            manager: Arc::clone(manager),
            _in_flight_permit: permit,
        })
    }

    /// Returns the rally's id.
    pub(crate) const fn id(&self) -> &RallyId {
        &self.id
    }

    /// Returns the players that failed to answer the stroke with which a let ended, and how.
    pub(crate) fn failed(&self) -> &[(SocketAddr, Fault)] {
        &self.failed
    }

    /// Plays the next stroke; none after the end of the rally.
    pub(crate) async fn next(&mut self) -> Option<RallyStep> {
        if self.finished {
            return None;
        }
        let Some(side) = self.rally.to_play() else {
            return self.rally.verdict().map(|verdict| self.end(verdict));
        };
        if self.rally.strokes() > 0 {
            self.pause().await;
        } else if !self.acquire_permit(side.other()).await {
            return Some(self.end(Verdict::Let(side.other())));
        }
        let attempts = self.manager.pool(side).stroke(&self.id).await;
        let faults = attempts.failed.len().try_into().unwrap_or(u32::MAX);
        self.faults = self.faults.saturating_add(faults);
        if let Some(answer) = attempts.answer {
            return Some(self.stroke(side, answer));
        }
        self.failed = attempts.failed;
        Some(self.end(Verdict::Let(side)))
    }

    /// Waits for a permit. Returns false if the receiving side is unreachable: before the first
    /// stroke the proxy can still try another manager.
    async fn acquire_permit(&mut self, receiver: Side) -> bool {
        if !self.manager.pool(receiver).is_reachable().await {
            return false;
        }
        if self.pace.is_full_speed() {
            self.full_speed_permit = Some(self.manager.full_speed.acquire().await);
        }
        true
    }

    /// Sleeps for the pace; returns early on shutdown.
    async fn pause(&self) {
        if !self.pace.is_full_speed() {
            tokio::select! {
                () = sleep(self.pace.pause()) => {}
                () = self.manager.shutdown.cancelled() => {}
            }
        }
    }

    fn stroke(&mut self, side: Side, answer: PlayerAnswer) -> RallyStep {
        self.rally.record(answer.outcome);
        self.manager.metrics.count_stroke(side, answer.outcome);
        let stroke = Stroke {
            rally: self.id.clone(),
            n: self.rally.strokes(),
            side,
            outcome: answer.outcome,
            player: answer.player,
            release: answer.release,
            arch: answer.arch,
            micros: micros(answer.took),
            manager: self.manager.task.clone(),
            proxy: self.proxy.clone(),
        };
        if self.sampled {
            self.manager.feed.publish("stroke", &stroke);
        }
        if !self.players.contains(&stroke.player) {
            self.players.push(stroke.player.clone());
        }
        RallyStep::Stroke(stroke)
    }

    fn end(&mut self, verdict: Verdict) -> RallyStep {
        // A rally that is over already stays as it is.
        self.rally.call_let();
        RallyStep::Finished(verdict, self.finish(Some(verdict)))
    }

    /// Counts, logs and publishes the end of the rally; without a verdict it was abandoned.
    fn finish(&mut self, verdict: Option<Verdict>) -> RallyResult {
        self.finished = true;
        let result = RallyResult {
            rally: self.id.clone(),
            end: verdict.into(),
            strokes: self.rally.strokes(),
            faults: self.faults,
            micros: micros(self.begun.elapsed()),
            manager: self.manager.task.clone(),
            proxy: self.proxy.clone(),
        };
        if result.strokes > 0 {
            self.manager.metrics.count_rally(&self.rally);
            if self.sampled {
                self.manager.feed.publish("rally", &result);
            }
        } else {
            // Its client has received no stroke: it is no rally, and another manager may play it.
            let client_gone = result.end == RallyEnd::Abandoned;
            let reason = if client_gone { "client_gone" } else { "no_player" };
            self.manager.metrics.count_refused(reason);
        }
        self.log(&result);
        result
    }

    fn log(&self, result: &RallyResult) {
        let message = if result.strokes > 0 { "rally finished" } else { "rally not started" };
        if !self.manager.log_limiter.allow(message, RALLY_LINES) {
            return;
        }
        let names = self.manager.node_names();
        let mut proxy = self.proxy.clone();
        names.shorten(&mut proxy);
        let mut players: Vec<Task> =
            self.players.iter().take(MAX_LOGGED_PLAYERS).cloned().collect();
        names.shorten(&mut players);
        let mut players: Vec<String> = players.iter().map(Task::to_string).collect();
        if self.players.len() > MAX_LOGGED_PLAYERS {
            players.push("…".to_owned());
        }
        info!(
            rally = result.rally.as_str(),
            verdict = result.end.name(),
            missing = result.end.missing().map(Side::name),
            strokes = result.strokes,
            faults = result.faults,
            micros = result.micros,
            players = players.join(","),
            proxy = proxy.as_ref().map(tracing::field::display),
            "{message}"
        );
    }
}

/// A rally that is dropped before its end was abandoned by its client.
impl Drop for RallyRunner {
    fn drop(&mut self) {
        if !self.finished {
            self.finish(None);
        }
    }
}

fn micros(time: Duration) -> u64 {
    time.as_micros().try_into().unwrap_or(u64::MAX)
}
