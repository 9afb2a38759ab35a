//! A stream of events that anyone on the inside may subscribe to, as server-sent events.
//!
//! An event is rendered once, whoever listens. A subscriber that cannot keep up misses events
//! instead of holding anybody up; events carry what is needed to notice.

use std::convert::Infallible;
use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::header;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use serde::Serialize;
use tokio::sync::broadcast::{self, Receiver, error::RecvError};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::headers;

/// How many events a subscriber may be behind before it misses some: a few of the longest rallies.
const BEHIND: usize = 1024;

/// How often a silent feed shows that it is alive; subscribers may give one up after three times
/// as long.
pub const HEARTBEAT: Duration = Duration::from_secs(3);

/// Publishes events to all subscribers.
#[derive(Clone, Debug)]
pub struct Feed(broadcast::Sender<Bytes>);

impl Default for Feed {
    fn default() -> Self {
        Self(broadcast::Sender::new(BEHIND))
    }
}

impl Feed {
    /// Publishes an event; without subscribers it is not even rendered.
    pub fn publish(&self, event: &str, data: &impl Serialize) {
        if self.subscribers() > 0 {
            // An error means that the last subscriber has just left.
            let _ = self.0.send(render(event, data));
        }
    }

    /// Returns how many subscribers there are.
    #[must_use]
    pub fn subscribers(&self) -> usize {
        self.0.receiver_count()
    }

    /// Answers a request with the events from now on, after `first`, until `over`; what was
    /// published before that is still sent.
    #[must_use]
    pub fn answer(&self, first: Bytes, over: &CancellationToken) -> HttpResponse {
        // An open stream would hold up the graceful stop until its timeout.
        let events = stream::once(async { first }).chain(events(self.0.subscribe(), over.clone()));
        let events = events.map(Ok::<_, Infallible>);
        HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, "text/event-stream"))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .insert_header((headers::BUFFERING, "no"))
            .streaming(events)
    }
}

fn events(receiver: Receiver<Bytes>, over: CancellationToken) -> impl Stream<Item = Bytes> {
    stream::unfold((receiver, over), async |(mut receiver, over)| {
        loop {
            let next = tokio::select! {
                biased;
                next = timeout(HEARTBEAT, receiver.recv()) => next,
                () = over.cancelled() => return None,
            };
            let event = match next {
                Ok(Ok(event)) => event,
                Ok(Err(RecvError::Lagged(_))) => continue,
                Ok(Err(RecvError::Closed)) => return None,
                Err(_) => Bytes::from_static(b":\n\n"),
            };
            return Some((event, (receiver, over)));
        }
    })
}

/// Renders one event: its name, and its data as one line of JSON.
///
/// # Panics
///
/// Never for the plain structures that events are.
#[must_use]
pub fn render(event: &str, data: &impl Serialize) -> Bytes {
    let data = serde_json::to_string(data).expect("events are plain structures");
    format!("event: {event}\ndata: {data}\n\n").into()
}
