//! Subscribes to the feeds of all managers at once.
//!
//! One connection for each endpoint, made as soon as discovery has reached it and again whenever it
//! breaks, after the same growing pauses for which every endpoint backs off. Updates of one endpoint
//! come in order; what it published while nobody was connected is lost, and its counters catch up.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::{Stream, StreamExt, TryStreamExt};
use http_body_util::BodyExt;
use hyper::StatusCode;
use protocol::event::Event;
use protocol::timing::FEED_IDLE_TIMEOUT;
use protocol::wanted::Wanted;
use tokio::sync::mpsc::Sender;
use tokio::time::{Instant, timeout};
use tracing::{debug, info, warn};

use crate::endpoint::Endpoint;
use crate::endpoints::Endpoints;
use crate::fault::{Fault, find_cause};
use crate::sse::{EventTooLong, Parser, SseEvent};

/// How many updates may wait. A receiver that is too slow holds the connections up, and misses what
/// their managers then skip.
pub const MAX_WAITING: usize = 256;

/// What happened on one feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FeedUpdate {
    /// It is connected from now on.
    Connected(SocketAddr),
    /// It carried an event.
    Event(SocketAddr, Event),
    /// It was connected, and is not any more.
    Disconnected(SocketAddr, DisconnectReason),
}

/// Why a feed is not connected any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DisconnectReason {
    /// It ended, as feeds do when their task stops.
    #[error("ended")]
    Ended,
    /// It was silent for as long as three heartbeats.
    #[error("no data for {} s", FEED_IDLE_TIMEOUT.as_secs())]
    Silent,
    /// It could not be opened, or broke.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// It carries something that is not a feed of ours.
    #[error(transparent)]
    EventTooLong(#[from] EventTooLong),
}

/// Sends what happens on the feeds of all endpoints, of their events those that are wanted; returns
/// when nobody receives any more.
pub async fn subscribe(endpoints: Arc<Endpoints>, wanted: Wanted, updates: Sender<FeedUpdate>) {
    let subscriber = Subscriber { endpoints: &endpoints, wanted, updates: &updates };
    let following = endpoints.for_each(Endpoints::ready, |endpoint| subscriber.follow(endpoint));
    tokio::select! {
        () = following => {}
        () = updates.closed() => {}
    }
}

#[derive(Clone, Copy)]
struct Subscriber<'a> {
    endpoints: &'a Endpoints,
    wanted: Wanted,
    updates: &'a Sender<FeedUpdate>,
}

impl Subscriber<'_> {
    /// Follows one feed to its end.
    async fn follow(self, endpoint: Endpoint) {
        let address = endpoint.address;
        let begun = Instant::now();
        let reason = match open(&endpoint, self.wanted).await {
            Ok(pieces) => {
                debug!(%address, "feed connected");
                self.send(FeedUpdate::Connected(address)).await;
                let Err(reason) = self.read(address, pieces).await;
                info!(%address, %reason, "feed disconnected");
                self.send(FeedUpdate::Disconnected(address, reason)).await;
                reason
            }
            Err(reason) => reason,
        };
        debug!(%address, %reason, "feed unavailable, retrying");
        if begun.elapsed() > FEED_IDLE_TIMEOUT {
            self.endpoints.lost(address);
        } else {
            self.endpoints.failed(address);
        }
    }

    /// Sends the events of a feed until it ends.
    async fn read(
        self,
        address: SocketAddr,
        pieces: impl Stream<Item = Result<Bytes, Fault>>,
    ) -> Result<Infallible, DisconnectReason> {
        let mut pieces = pin!(pieces);
        let mut parser = Parser::default();
        let mut events = Vec::new();
        let mut warned = false;
        loop {
            let piece = timeout(FEED_IDLE_TIMEOUT, pieces.next()).await;
            let piece = piece.map_err(|_| DisconnectReason::Silent)?;
            let parsed = parser.parse(&piece.ok_or(DisconnectReason::Ended)??, &mut events);
            for SseEvent { kind, data } in events.drain(..) {
                match Event::parse(&kind, &data) {
                    Ok(Some(event)) => self.send(FeedUpdate::Event(address, event)).await,
                    // As from a newer manager.
                    Ok(None) => debug!(%address, "event of an unknown kind ignored"),
                    Err(_) if warned => {}
                    Err(reason) => {
                        warned = true;
                        warn!(%address, %reason, "invalid event ignored (logged once per connection)");
                    }
                }
            }
            parsed?;
        }
    }

    /// Waits for room; `subscribe` notices when nobody receives any more.
    async fn send(self, update: FeedUpdate) {
        let _ = self.updates.send(update).await;
    }
}

/// Asks for a feed; returns its pieces.
async fn open(
    endpoint: &Endpoint,
    wanted: Wanted,
) -> Result<impl Stream<Item = Result<Bytes, Fault>> + use<>, DisconnectReason> {
    let asking = endpoint.get("/events", wanted.query());
    let response =
        timeout(FEED_IDLE_TIMEOUT, asking).await.map_err(|_| DisconnectReason::Silent)??;
    if response.status() != StatusCode::OK {
        return Err(Fault::Status(response.status()).into());
    }
    Ok(response.into_body().into_data_stream().map_err(|error| find_cause(&error)))
}

#[cfg(test)]
mod tests;
