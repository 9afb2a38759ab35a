//! Server-sent events to any number of subscribers.
//!
//! An event is rendered once for all subscribers. One that cannot keep up misses events, or is
//! disconnected, instead of delaying the others; events carry what is needed to notice.

use std::convert::Infallible;

use actix_web::HttpResponse;
use actix_web::http::header;
use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use protocol::headers::STREAM;
use protocol::timing::HEARTBEAT;
use serde::Serialize;
use tokio::sync::broadcast::{self, Receiver, error::RecvError};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// A publisher of events.
#[derive(Clone, Debug)]
pub struct Feed {
    sender: broadcast::Sender<Rendered>,
    policy: LagPolicy,
    ended: CancellationToken,
}

/// The kind of an event, and the event; the end of a feed is an empty one.
type Rendered = (&'static str, Bytes);

/// What becomes of a subscriber that is too far behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LagPolicy {
    /// It misses the oldest events.
    Skip,
    /// Its stream ends, so that it reconnects and starts from a snapshot.
    Disconnect,
}

impl Feed {
    /// Makes a feed whose subscribers may be up to `backlog` events behind, which are kept for them.
    #[must_use]
    pub fn new(backlog: usize, policy: LagPolicy) -> Self {
        Self { sender: broadcast::Sender::new(backlog), policy, ended: CancellationToken::new() }
    }

    /// Publishes an event; without subscribers it is not even rendered.
    pub fn publish(&self, event: &'static str, data: &impl Serialize) {
        if self.subscribers() > 0 {
            // An error means that the last subscriber has just left.
            let _ = self.sender.send((event, render(event, data)));
        }
    }

    /// Ends the streams of all subscribers once they have all that was published; from now on a new
    /// subscriber gets the first event and no more.
    ///
    /// A service has to call it when it stops: an open stream would delay the stop.
    pub fn end(&self) {
        self.ended.cancel();
        let _ = self.sender.send(("", Bytes::new()));
    }

    /// Returns how many subscribers there are.
    #[must_use]
    pub fn subscribers(&self) -> usize {
        self.sender.receiver_count()
    }

    /// Responds with `first` and then the events from now on whose kind `wants` is true of.
    #[must_use]
    pub fn respond(
        &self,
        first: Bytes,
        wants: impl Fn(&str) -> bool + Copy + 'static,
    ) -> HttpResponse {
        let receiver = self.sender.subscribe();
        let first = stream::once(async { first });
        let events = if self.ended.is_cancelled() {
            first.boxed_local()
        } else {
            first.chain(events(receiver, self.policy, wants)).boxed_local()
        };
        let mut response = HttpResponse::Ok();
        response.insert_header((header::CONTENT_TYPE, "text/event-stream"));
        for header in STREAM {
            response.insert_header(header);
        }
        response.streaming(events.map(Ok::<_, Infallible>))
    }
}

fn events(
    receiver: Receiver<Rendered>,
    policy: LagPolicy,
    wants: impl Fn(&str) -> bool + Copy,
) -> impl Stream<Item = Bytes> {
    stream::unfold(receiver, move |mut receiver| async move {
        loop {
            match timeout(HEARTBEAT, next_wanted(&mut receiver, wants)).await {
                Ok(Err(RecvError::Closed)) => return None,
                Ok(Ok(event)) if event.is_empty() => return None,
                Ok(Ok(event)) => return Some((event, receiver)),
                Ok(Err(RecvError::Lagged(_))) if policy == LagPolicy::Disconnect => return None,
                Ok(Err(RecvError::Lagged(_))) => {}
                Err(_) => return Some((Bytes::from_static(b":\n\n"), receiver)),
            }
        }
    })
}

/// Returns the next event that is wanted, or the end.
async fn next_wanted(
    receiver: &mut Receiver<Rendered>,
    wants: impl Fn(&str) -> bool,
) -> Result<Bytes, RecvError> {
    loop {
        let (kind, event) = receiver.recv().await?;
        if event.is_empty() || wants(kind) {
            return Ok(event);
        }
    }
}

/// Renders one event: its kind, and its data as one line of JSON.
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

    /// Reads the next piece of a response; none at its end.
    async fn next(body: &mut Pin<Box<impl MessageBody>>) -> Option<Bytes> {
        poll_fn(|context| body.as_mut().poll_next(context)).await.and_then(Result::ok)
    }

    async fn all(response: HttpResponse) -> String {
        let mut body = Box::pin(response.into_body());
        let mut text = String::new();
        while let Some(piece) = next(&mut body).await {
            text.push_str(std::str::from_utf8(&piece).expect("text"));
        }
        text
    }

    #[tokio::test]
    async fn a_feed_delivers_everything_before_it_ends() {
        let feed = Feed::new(4, LagPolicy::Skip);
        let response = feed.respond(render("score", &0), |_| true);
        for (name, value) in STREAM {
            assert!(response.headers().get(name).is_some_and(|found| found == value), "{name}");
        }
        feed.publish("score", &1);
        feed.end();
        assert_eq!(all(response).await, "event: score\ndata: 0\n\nevent: score\ndata: 1\n\n");
        assert_eq!(
            all(feed.respond(render("score", &2), |_| true)).await,
            "event: score\ndata: 2\n\n"
        );
    }

    #[tokio::test]
    async fn a_subscriber_gets_the_kinds_it_wants_and_the_end() {
        let feed = Feed::new(4, LagPolicy::Skip);
        let response = feed.respond(Bytes::new(), |kind| kind == "rally");
        feed.publish("score", &1);
        feed.publish("rally", &2);
        feed.publish("score", &3);
        feed.end();
        assert_eq!(all(response).await, "event: rally\ndata: 2\n\n");
    }

    #[tokio::test(start_paused = true)]
    async fn a_feed_with_nothing_that_is_wanted_shows_that_it_is_alive() {
        let feed = Feed::new(2, LagPolicy::Skip);
        let mut body = Box::pin(feed.respond(Bytes::new(), |_| false).into_body());
        let publishing = async {
            loop {
                feed.publish("score", &1);
                tokio::time::sleep(HEARTBEAT / 2).await;
            }
        };
        tokio::select! {
            () = publishing => {}
            piece = next(&mut body) => assert_eq!(piece.as_deref(), Some(&b":\n\n"[..])),
        }
    }

    #[tokio::test]
    async fn a_subscriber_that_lags_skips_the_oldest_or_is_disconnected() {
        for (policy, delivered) in [(LagPolicy::Skip, "2 3 "), (LagPolicy::Disconnect, "")] {
            let feed = Feed::new(2, policy);
            let response = feed.respond(Bytes::new(), |_| true);
            (0..4).for_each(|n| feed.publish("n", &n));
            let mut body = Box::pin(response.into_body());
            let mut seen = String::new();
            for _ in 0..3 {
                let Ok(Some(piece)) = timeout(HEARTBEAT / 2, next(&mut body)).await else { break };
                let piece = std::str::from_utf8(&piece).expect("text").to_owned();
                seen.extend(piece.strip_prefix("event: n\ndata: ").map(|n| n.replace("\n\n", " ")));
            }
            assert_eq!(seen, delivered, "{policy:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_feed_shows_that_it_is_alive() {
        let feed = Feed::new(2, LagPolicy::Skip);
        let first = Bytes::from_static(b"x");
        let mut body = Box::pin(feed.respond(first, |_| true).into_body());
        assert_eq!(next(&mut body).await.as_deref(), Some(&b"x"[..]));
        assert_eq!(next(&mut body).await.as_deref(), Some(&b":\n\n"[..]));
    }
}
