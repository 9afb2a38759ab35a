//! One side of the table, as the manager sees it: asks its players for strokes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use court::fault::Fault;
use court::headers;
use court::log::{Quota, SAME_FAULT};
use court::roster::Roster;
use court::task::{Name, Task};
use court::url::url;
use rally::{Outcome, Side};
use reqwest::header::SERVER;
use reqwest::{Client, Response, StatusCode};
use tokio::time::{Instant, timeout};
use tracing::warn;

use crate::counts::Counts;
use crate::players::{Players, nameless};
use crate::service::SERVICE;

/// How long a stroke may go on looking for a player that answers. With the last one's own time, at
/// most 2 s, it stays within the 5 s after which a proxy tries another manager.
const PATIENCE: Duration = Duration::from_secs(3);

/// How long a stroke waits for discovery once every known player has failed.
const LOOK_AGAIN: Duration = Duration::from_millis(500);

/// Plays one side: takes its players in turn, and the next when one fails.
pub(crate) struct Opponent {
    pub(crate) me: Task,
    pub(crate) side: Side,
    pub(crate) roster: Arc<Roster>,
    pub(crate) timeout: Duration,
    pub(crate) counts: Arc<Counts>,
    pub(crate) players: Arc<Players>,
    pub(crate) lines: Arc<Quota>,
}

/// Holds an answered stroke.
pub(crate) struct Answered {
    pub(crate) outcome: Outcome,
    pub(crate) player: Task,
    pub(crate) release: Option<Name>,
    pub(crate) took: Duration,
}

/// Holds what came of asking a side for a stroke.
#[derive(Default)]
pub(crate) struct Asked {
    /// The answer, unless nobody gave a lawful one.
    pub(crate) answered: Option<Answered>,
    /// Who was asked in vain, and what came back.
    pub(crate) failed: Vec<(SocketAddr, Fault)>,
}

impl Opponent {
    /// Tells whether the side can be expected to answer, once discovery has looked again if not.
    pub(crate) async fn is_within_reach(&self) -> bool {
        if !self.roster.is_within_reach() {
            self.roster.look_again(LOOK_AGAIN).await;
        }
        self.roster.is_within_reach()
    }

    /// Asks one player after another until one answers.
    pub(crate) async fn stroke(&self, client: &Client, rally: &str) -> Asked {
        let begun = Instant::now();
        let mut asked = Asked::default();
        let mut tried = Vec::new();
        let mut looked = false;
        while begun.elapsed() < PATIENCE {
            let Some(address) = self.roster.next(&tried) else {
                if looked {
                    break;
                }
                self.roster.look_again(LOOK_AGAIN).await;
                looked = true;
                continue;
            };
            match self.ask(client, address).await {
                Ok(answered) => {
                    self.roster.answered(address);
                    let Answered { player, took, .. } = &answered;
                    self.players.answered(address, self.side, player, *took);
                    asked.answered = Some(answered);
                    break;
                }
                Err(fault) => {
                    self.fault(rally, address, fault);
                    tried.push(address);
                    asked.failed.push((address, fault));
                }
            }
        }
        asked
    }

    /// Asks one player, once.
    async fn ask(&self, client: &Client, address: SocketAddr) -> Result<Answered, Fault> {
        let begun = Instant::now();
        let request = client.get(url(address));
        let asked = async { read(request.send().await?, address).await };
        let (outcome, player, release) =
            timeout(self.timeout, asked).await.unwrap_or(Err(Fault::Timeout))?;
        Ok(Answered { outcome, player, release, took: begun.elapsed() })
    }

    fn fault(&self, rally: &str, address: SocketAddr, fault: Fault) {
        self.roster.failed(address);
        self.counts.fault(self.side, fault);
        self.players.failed(address, self.side);
        if self.lines.admits(format!("player failed: {address}: {fault}"), SAME_FAULT) {
            warn!(
                service = SERVICE, task = %self.me.name, node = %self.me.node, rally,
                side = self.side.name(), %address, %fault, "player failed; trying the next"
            );
        }
    }
}

/// Reads a player's answer; whatever is not `HIT` or `MISS` with status 200 is a fault.
async fn read(
    mut answer: Response,
    address: SocketAddr,
) -> Result<(Outcome, Task, Option<Name>), Fault> {
    if answer.status() != StatusCode::OK {
        return Err(Fault::Status(answer.status()));
    }
    let mut body = Vec::with_capacity(4);
    while let Some(piece) = answer.chunk().await? {
        if body.len() + piece.len() > 4 {
            // Leaving the rest unread closes the connection, however much there is.
            return Err(Fault::Body);
        }
        body.extend_from_slice(&piece);
    }
    let outcome = Outcome::try_from(body.as_slice()).map_err(|_| Fault::Body)?;
    let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
    let named = header(headers::PLAYER).and_then(|name| name.parse().ok());
    let release = header(SERVER.as_str()).and_then(headers::release);
    Ok((outcome, named.unwrap_or_else(|| nameless(address)), release))
}
