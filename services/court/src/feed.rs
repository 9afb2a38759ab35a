//! A stream of events that anyone on the inside may subscribe to, as server-sent events.
//!
//! An event is rendered once, whoever listens. A subscriber that cannot keep up misses events, or is
//! dropped, instead of holding anybody up; events carry what is needed to notice.

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

/// How often a silent feed shows that it is alive; subscribers may give one up after three times
/// as long.
pub const HEARTBEAT: Duration = Duration::from_secs(3);

/// Publishes events to all subscribers.
#[derive(Clone, Debug)]
pub struct Feed {
    sender: broadcast::Sender<Bytes>,
    late: Late,
    ended: CancellationToken,
}

/// Names what becomes of a subscriber that is too far behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    /// It misses the oldest events.
    Misses,
    /// Its stream ends, so that it comes back for a new beginning.
    Ends,
}

impl Feed {
    /// Makes a feed whose subscribers may be `behind` events behind, which are held for them.
    #[must_use]
    pub fn new(behind: usize, late: Late) -> Self {
        Self { sender: broadcast::Sender::new(behind), late, ended: CancellationToken::new() }
    }

    /// Publishes an event; without subscribers it is not even rendered.
    pub fn publish(&self, event: &str, data: &impl Serialize) {
        if self.subscribers() > 0 {
            // An error means that the last subscriber has just left.
            let _ = self.sender.send(render(event, data));
        }
    }

    /// Ends the streams of all subscribers once they have all that was published; from now on a
    /// subscriber gets the beginning and no more.
    ///
    /// A service has to call it when it stops: an open stream would hold the stop up.
    pub fn end(&self) {
        self.ended.cancel();
        // An empty event is the end.
        let _ = self.sender.send(Bytes::new());
    }

    /// Returns how many subscribers there are.
    #[must_use]
    pub fn subscribers(&self) -> usize {
        self.sender.receiver_count()
    }

    /// Answers a request with `first` and then the events from now on.
    #[must_use]
    pub fn answer(&self, first: Bytes) -> HttpResponse {
        let receiver = self.sender.subscribe();
        let begun = stream::once(async { first });
        let events = if self.ended.is_cancelled() {
            begun.boxed()
        } else {
            begun.chain(events(receiver, self.late)).boxed()
        };
        HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, "text/event-stream"))
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .insert_header((headers::BUFFERING, "no"))
            .streaming(events.map(Ok::<_, Infallible>))
    }
}

fn events(receiver: Receiver<Bytes>, late: Late) -> impl Stream<Item = Bytes> {
    stream::unfold(receiver, move |mut receiver| async move {
        loop {
            match timeout(HEARTBEAT, receiver.recv()).await {
                Ok(Err(RecvError::Closed)) => return None,
                Ok(Ok(event)) if event.is_empty() => return None,
                Ok(Ok(event)) => return Some((event, receiver)),
                Ok(Err(RecvError::Lagged(_))) if late == Late::Ends => return None,
                Ok(Err(RecvError::Lagged(_))) => {}
                Err(_) => return Some((Bytes::from_static(b":\n\n"), receiver)),
            }
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

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::pin::Pin;

    use actix_web::body::MessageBody;

    use super::*;

    /// Reads the next piece of an answer; none at its end.
    async fn next(body: &mut Pin<Box<impl MessageBody>>) -> Option<Bytes> {
        poll_fn(|context| body.as_mut().poll_next(context)).await.and_then(Result::ok)
    }

    async fn all(answer: HttpResponse) -> String {
        let mut body = Box::pin(answer.into_body());
        let mut text = String::new();
        while let Some(piece) = next(&mut body).await {
            text.push_str(std::str::from_utf8(&piece).expect("text"));
        }
        text
    }

    #[tokio::test]
    async fn a_feed_that_ends_has_told_all_that_was_published_before() {
        let feed = Feed::new(4, Late::Misses);
        let answer = feed.answer(render("score", &0));
        feed.publish("score", &1);
        feed.end();
        assert_eq!(all(answer).await, "event: score\ndata: 0\n\nevent: score\ndata: 1\n\n");
        assert_eq!(all(feed.answer(render("score", &2))).await, "event: score\ndata: 2\n\n");
    }

    #[tokio::test]
    async fn a_subscriber_that_is_too_late_misses_the_oldest_or_is_dropped() {
        for (late, told) in [(Late::Misses, "2 3 "), (Late::Ends, "")] {
            let feed = Feed::new(2, late);
            let answer = feed.answer(Bytes::new());
            (0..4).for_each(|n| feed.publish("n", &n));
            let mut body = Box::pin(answer.into_body());
            let mut seen = String::new();
            for _ in 0..3 {
                let Ok(Some(piece)) = timeout(HEARTBEAT / 2, next(&mut body)).await else { break };
                let piece = std::str::from_utf8(&piece).expect("text").to_owned();
                seen.extend(piece.strip_prefix("event: n\ndata: ").map(|n| n.replace("\n\n", " ")));
            }
            assert_eq!(seen, told, "{late:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_feed_shows_that_it_is_alive() {
        let feed = Feed::new(2, Late::Misses);
        let mut body = Box::pin(feed.answer(Bytes::from_static(b"x")).into_body());
        assert_eq!(next(&mut body).await.as_deref(), Some(&b"x"[..]));
        assert_eq!(next(&mut body).await.as_deref(), Some(&b":\n\n"[..]));
    }
}
