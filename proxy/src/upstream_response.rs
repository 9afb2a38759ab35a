//! An upstream's response on its way to the client.

use actix_web::http::StatusCode;
use actix_web::http::header::VIA;
use actix_web::{HttpResponse, HttpResponseBuilder};
use bytes::Bytes;
use client::fault::{Fault, find_cause};
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt};
use http_body_util::BodyExt;
use hyper::Response;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderMap};
use protocol::headers::BUFFERING;
use protocol::timing::{BUFFER_TIME, UPSTREAM_IDLE_TIMEOUT};
use server::buffer::{Buffered, buffer};
use server::metrics::Timer;
use tokio::time::{Instant, timeout};

use crate::headers;
use crate::state::Proxy;

type Pieces = BoxStream<'static, Result<Bytes, Fault>>;

/// A response whose start has been read.
pub(crate) struct UpstreamResponse {
    status: StatusCode,
    headers: HeaderMap,
    body: Body,
}

enum Body {
    Complete(Bytes),
    Streaming(Pieces),
}

impl UpstreamResponse {
    /// Reads the start: what comes within [`BUFFER_TIME`] after the head, or nothing of a response that
    /// asks to be sent as it comes.
    pub(crate) async fn read(
        response: Response<Incoming>,
        timer: Option<Timer>,
    ) -> Result<Self, Fault> {
        let status = StatusCode::from_u16(response.status().as_u16());
        let status = status.map_err(|_| Fault::Protocol)?;
        let (head, body) = response.into_parts();
        let headers = head.headers;
        let body = if headers.get(BUFFERING).is_some_and(|value| value == "no") {
            Body::Streaming(pieces(body, None).boxed())
        } else {
            let buffer_until = Instant::now() + BUFFER_TIME;
            match buffer(pieces(body, timer).boxed(), buffer_until).await? {
                Buffered::Complete(body) => Body::Complete(body),
                Buffered::Partial(start, rest) => {
                    Body::Streaming(stream::iter([Ok(start)]).chain(rest).boxed())
                }
            }
        };
        Ok(Self { status, headers, body })
    }

    /// Returns the status.
    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    /// Returns the response to the client; a feed ends at shutdown, a rally by itself.
    pub(crate) fn into_response(self, proxy: &Proxy) -> HttpResponse {
        let mut response = HttpResponseBuilder::new(self.status);
        for header in headers::response(&self.headers) {
            response.append_header(header);
        }
        response.append_header((VIA, proxy.via.as_str()));
        let is_feed =
            self.headers.get(CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
        match self.body {
            Body::Complete(body) => response.body(body),
            Body::Streaming(body) if is_feed => {
                response.streaming(body.take_until(proxy.shutdown.clone().cancelled_owned()))
            }
            Body::Streaming(body) => response.streaming(body),
        }
    }
}

/// Yields the body as it comes, and a fault when it is cut off or falls silent; one that came to its
/// end is measured.
fn pieces(body: Incoming, timer: Option<Timer>) -> impl Stream<Item = Result<Bytes, Fault>> + Send {
    let body = body.into_data_stream();
    stream::unfold(Some((body, timer)), async |rest| {
        let (mut body, timer) = rest?;
        match timeout(UPSTREAM_IDLE_TIMEOUT, body.next()).await {
            Ok(Some(Ok(piece))) => Some((Ok(piece), Some((body, timer)))),
            Ok(None) => {
                timer.into_iter().for_each(Timer::stop);
                None
            }
            Ok(Some(Err(error))) => Some((Err(find_cause(&error)), None)),
            Err(_) => Some((Err(Fault::Timeout), None)),
        }
    })
}
