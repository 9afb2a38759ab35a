//! The players of one side, as the manager asks them for strokes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::header::SERVER;
use client::endpoint::Endpoint;
use client::endpoints::Endpoints;
use client::fault::Fault;
use game::{Outcome, Side};
use protocol::headers::{self, parse_server};
use protocol::id::RallyId;
use protocol::name::Name;
use protocol::task::Task;
use protocol::timing::{REFRESH_WAIT, STROKE_DEADLINE, STROKE_PATIENCE};
use server::log::{LogLimiter, SAME_FAULT};
use tracing::warn;

use crate::metrics::Metrics;
use crate::player_stats::PlayerStats;

/// Maximum number of bytes of an outcome.
const MAX_BODY_BYTES: usize = Outcome::Miss.name().len();

/// The players of one side: they are taken in turn, and another one is tried when one fails.
#[derive(Debug)]
pub(crate) struct PlayerPool {
    /// The side they play for.
    pub(crate) side: Side,
    /// Where they are.
    pub(crate) endpoints: Arc<Endpoints>,
    /// How long each of them has to answer at most.
    pub(crate) timeout: Duration,
    /// Where faults are counted.
    pub(crate) metrics: Arc<Metrics>,
    /// Where strokes and faults are counted by player.
    pub(crate) stats: Arc<PlayerStats>,
    /// What limits the rate of log lines.
    pub(crate) log_limiter: Arc<LogLimiter>,
}

/// An answered stroke.
#[derive(Debug)]
pub(crate) struct PlayerAnswer {
    /// Its outcome.
    pub(crate) outcome: Outcome,
    /// The player that answered.
    pub(crate) player: Task,
    /// What the player's build is called, if it said so.
    pub(crate) release: Option<Name>,
    /// The architecture it was built for, if it said so.
    pub(crate) arch: Option<Name>,
    /// How long it took to answer.
    pub(crate) took: Duration,
}

/// The attempts at one stroke.
#[derive(Debug, Default)]
pub(crate) struct Attempts {
    /// The answer, unless no player gave a valid one.
    pub(crate) answer: Option<PlayerAnswer>,
    /// The players that failed, and how.
    pub(crate) failed: Vec<(SocketAddr, Fault)>,
}

impl PlayerPool {
    /// Returns whether a player can be expected to answer, once discovery has looked again if none
    /// can.
    pub(crate) async fn is_reachable(&self) -> bool {
        if !self.endpoints.is_reachable() {
            self.endpoints.refresh(REFRESH_WAIT).await;
        }
        self.endpoints.is_reachable()
    }

    /// Asks one player after another until one answers, at most for [`STROKE_DEADLINE`]; time in
    /// which this process did not run does not count.
    pub(crate) async fn stroke(&self, rally: &RallyId) -> Attempts {
        let mut attempts = Attempts::default();
        let mut tried = Vec::new();
        let mut refreshed = false;
        let mut remaining = STROKE_DEADLINE;
        loop {
            if remaining.is_zero() {
                return attempts;
            }
            let Some(endpoint) = self.endpoints.next(&tried) else {
                if refreshed {
                    return attempts;
                }
                let wait = REFRESH_WAIT.min(remaining);
                self.endpoints.refresh(wait).await;
                remaining -= wait;
                refreshed = true;
                continue;
            };
            let address = endpoint.address;
            let limits = (STROKE_PATIENCE, self.timeout.min(remaining));
            let answer = request(&endpoint);
            let (answer, took) = self.endpoints.wait_for(address, &tried, limits, answer).await;
            remaining -= took;
            match answer {
                Ok(answer) => {
                    let answer = PlayerAnswer { took, ..answer };
                    self.endpoints.answered(address);
                    self.stats.answered(address, self.side, &answer.player, answer.took);
                    attempts.answer = Some(answer);
                    return attempts;
                }
                Err(fault) => {
                    self.record_fault(rally, address, fault);
                    tried.push(address);
                    attempts.failed.push((address, fault));
                }
            }
        }
    }

    fn record_fault(&self, rally: &RallyId, address: SocketAddr, fault: Fault) {
        self.endpoints.failed(address);
        self.metrics.count_fault(self.side, fault);
        self.stats.failed(address, self.side);
        if self.log_limiter.allow(&format!("player failed: {address}: {fault}"), SAME_FAULT) {
            warn!(
                %rally, side = self.side.name(), %address, %fault,
                "player failed, trying another"
            );
        }
    }
}

/// Asks a player for a stroke; whatever is not `HIT` or `MISS` with status 200 is a fault.
/// How long it took is not known here.
async fn request(endpoint: &Endpoint) -> Result<PlayerAnswer, Fault> {
    let response = endpoint.stroke(MAX_BODY_BYTES).await?;
    let outcome = Outcome::try_from(&response.body()[..]).map_err(|_| Fault::Body)?;
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let player = header(headers::PLAYER).and_then(|name| name.parse().ok());
    Ok(PlayerAnswer {
        outcome,
        player: player.unwrap_or_else(|| Task::unnamed(endpoint.address)),
        release: header(SERVER.as_str()).and_then(parse_server),
        arch: header(headers::ARCH).and_then(|arch| arch.parse().ok()),
        took: Duration::ZERO,
    })
}
