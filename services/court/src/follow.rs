//! Follows the feeds of all tasks of a service at once.
//!
//! One connection an address, made as soon as discovery shows the address and again whenever it
//! breaks, after the same growing pauses that every address rests for. What an address tells comes
//! in order; what it told while nobody was connected is lost, and counters catch up by themselves.

use std::collections::HashSet;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, FuturesUnordered};
use futures_util::{Stream, StreamExt};
use reqwest::{Client, StatusCode};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

use crate::client::client;
use crate::discovery::Discovery;
use crate::event::Event;
use crate::fault::Fault;
use crate::feed::HEARTBEAT;
use crate::metrics::Metrics;
use crate::roster::Roster;
use crate::sse::{Reader, TooLong};
use crate::task::Task;

/// How long a feed may be silent before it is given up.
const SILENCE: Duration = HEARTBEAT.saturating_mul(3);

/// How much may wait to be taken. Whoever takes too slowly holds the connections up, and misses
/// what their managers then skip.
const WAITING: usize = 256;

/// Tells what was seen of one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// Its feed is followed from now on.
    Joined(SocketAddr),
    /// It told something.
    Told(SocketAddr, Event),
    /// Its feed, which was followed, is lost.
    Lost(SocketAddr, Loss),
}

/// Tells why a feed is followed no longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Loss {
    /// It ended, as feeds do when their task stops.
    #[error("ended")]
    Ended,
    /// It was silent for as long as three heartbeats.
    #[error("silent for {} s", SILENCE.as_secs())]
    Silent,
    /// It could not be opened, or broke.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// It carries what is no feed of ours.
    #[error(transparent)]
    TooLong(#[from] TooLong),
}

/// Follows every task that `discovery` finds, until `stop`; then, and only then, nothing more comes.
pub async fn follow(
    discovery: Discovery,
    metrics: &Metrics,
    stop: CancellationToken,
) -> Receiver<Seen> {
    let Discovery { service, sought, .. } = discovery;
    let me = discovery.me.clone();
    let roster = discovery.start(stop.clone()).await;
    metrics.roster(sought, &roster);
    let (seen, receiver) = mpsc::channel(WAITING);
    let follower = Follower { me, service, sought, roster, client: client(), seen };
    tokio::spawn(async move { stop.run_until_cancelled(follower.follow_all()).await });
    receiver
}

struct Follower {
    me: Task,
    service: &'static str,
    sought: &'static str,
    roster: Arc<Roster>,
    client: Client,
    seen: Sender<Seen>,
}

impl Follower {
    async fn follow_all(&self) {
        let mut followed = HashSet::new();
        let mut ends = FuturesUnordered::new();
        loop {
            // Asked for before the roster is read, so that no look in between goes unnoticed.
            let mut looked = pin!(self.roster.looked.notified());
            looked.as_mut().enable();
            for address in self.roster.within_reach() {
                if followed.insert(address) {
                    ends.push(self.follow_one(address));
                }
            }
            tokio::select! {
                () = looked => {}
                Some(address) = ends.next() => {
                    followed.remove(&address);
                }
                () = self.seen.closed() => return,
            }
        }
    }

    /// Follows one feed to its end.
    async fn follow_one(&self, address: SocketAddr) -> SocketAddr {
        let begun = Instant::now();
        let loss = match self.open(address).await {
            Ok(pieces) => {
                debug!(service = self.service, task = %self.me.name, node = %self.me.node, sought = self.sought, %address, "feed joined");
                self.tell(Seen::Joined(address)).await;
                let Err(loss) = self.read(address, pieces).await;
                info!(service = self.service, task = %self.me.name, node = %self.me.node, sought = self.sought, %address, %loss, "feed lost");
                self.tell(Seen::Lost(address, loss)).await;
                loss
            }
            Err(loss) => loss,
        };
        debug!(service = self.service, task = %self.me.name, node = %self.me.node, sought = self.sought, %address, %loss, "not followed");
        if begun.elapsed() > SILENCE {
            // A feed that lasted makes up for earlier failures.
            self.roster.answered(address);
        }
        self.roster.failed(address);
        address
    }

    async fn open(
        &self,
        address: SocketAddr,
    ) -> Result<impl Stream<Item = Result<Bytes, Fault>> + use<>, Loss> {
        let request = self.client.get(format!("http://{address}/events")).send();
        let answer = timeout(SILENCE, request).await.map_err(|_| Loss::Silent)?;
        let answer = answer.map_err(Fault::from)?;
        if answer.status() != StatusCode::OK {
            return Err(Fault::Status(answer.status()).into());
        }
        Ok(stream::unfold(answer, async |mut answer| {
            let piece = answer.chunk().await.map_err(Fault::from).transpose()?;
            Some((piece, answer))
        }))
    }

    async fn read(
        &self,
        address: SocketAddr,
        pieces: impl Stream<Item = Result<Bytes, Fault>>,
    ) -> Result<Infallible, Loss> {
        let mut pieces = pin!(pieces);
        let (mut reader, mut messages) = (Reader::default(), Vec::new());
        let mut warned = false;
        loop {
            let piece = timeout(SILENCE, pieces.next()).await.map_err(|_| Loss::Silent)?;
            let outcome = reader.read(&piece.ok_or(Loss::Ended)??, &mut messages);
            for message in messages.drain(..) {
                match Event::try_from(&message) {
                    Ok(event) => self.tell(Seen::Told(address, event)).await,
                    Err(_) if warned => {}
                    Err(reason) => {
                        warned = true;
                        warn!(
                            service = self.service, task = %self.me.name, node = %self.me.node, sought = self.sought,
                            %address, %reason, "unlawful event ignored; of this connection's further ones nothing is said"
                        );
                    }
                }
            }
            outcome?;
        }
    }

    /// Waits for room; whoever has stopped taking is noticed elsewhere.
    async fn tell(&self, seen: Seen) {
        let _ = self.seen.send(seen).await;
    }
}

#[cfg(test)]
mod tests;
