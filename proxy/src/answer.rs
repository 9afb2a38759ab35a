//! An upstream's answer on its way back.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::VIA;
use actix_web::{HttpResponse, HttpResponseBuilder};
use bytes::Bytes;
use court::fault::Fault;
use court::headers::BUFFERING;
use court::held::{Held, hold};
use court::metrics::Latency;
use futures_util::stream::{self, BoxStream};
use futures_util::{Stream, StreamExt};
use reqwest::Response;
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use tokio::time::{Instant, timeout};

use crate::headers;
use crate::service::Proxy;

/// How long an upstream may be silent in the middle of an answer: a stroke's time and the slowest
/// pace, and some. A feed shows that it is alive every 3 s.
const SILENCE: Duration = Duration::from_secs(12);

type Pieces = BoxStream<'static, Result<Bytes, Fault>>;

/// Holds an answer whose beginning has been read.
pub(crate) struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Held<Pieces>,
}

impl Answer {
    /// Reads the beginning: all that comes until the deadline, or nothing of an answer that asks
    /// to be sent as it comes.
    pub(crate) async fn read(
        mut answer: Response,
        deadline: Instant,
        timed: Option<Timed>,
    ) -> Result<Self, Fault> {
        let status = StatusCode::from_u16(answer.status().as_u16()).map_err(|_| Fault::Protocol)?;
        let headers = std::mem::take(answer.headers_mut());
        let unbuffered = headers.get(BUFFERING).is_some_and(|value| value == "no");
        let pieces = pieces(answer, timed.filter(|_| !unbuffered)).boxed();
        let body = if unbuffered {
            Held::Begun(Bytes::new(), pieces)
        } else {
            hold(pieces, deadline).await?
        };
        Ok(Self { status, headers, body })
    }

    /// Returns the status.
    pub(crate) const fn status(&self) -> StatusCode {
        self.status
    }

    /// Sends it on to the client; a feed only until the proxy stops, a rally to its end.
    pub(crate) fn pass_back(self, proxy: &Proxy) -> HttpResponse {
        let mut answer = HttpResponseBuilder::new(self.status);
        for header in headers::answer(&self.headers) {
            answer.append_header(header);
        }
        answer.append_header((VIA, proxy.via.as_str()));
        match self.body {
            Held::Whole(body) => answer.body(body),
            Held::Begun(begun, rest) => {
                let begun = stream::iter((!begun.is_empty()).then_some(Ok(begun)));
                let body = begun.chain(rest);
                let kind = self.headers.get(CONTENT_TYPE);
                if kind.is_some_and(|kind| kind == "text/event-stream") {
                    answer.streaming(body.take_until(proxy.stop.clone().cancelled_owned()))
                } else {
                    answer.streaming(body)
                }
            }
        }
    }
}

/// Measures an answer from its request to its end.
pub(crate) struct Timed {
    pub(crate) latency: Arc<Latency>,
    pub(crate) begun: Instant,
}

/// Yields the body as it comes, and a fault when it is cut off or falls silent; one that came to its
/// end is measured.
fn pieces(
    answer: Response,
    timed: Option<Timed>,
) -> impl Stream<Item = Result<Bytes, Fault>> + Send {
    stream::unfold(Some((answer, timed)), async |rest| {
        let (mut answer, timed) = rest?;
        match timeout(SILENCE, answer.chunk()).await {
            Ok(Ok(Some(piece))) => Some((Ok(piece), Some((answer, timed)))),
            Ok(Ok(None)) => {
                if let Some(Timed { latency, begun }) = timed {
                    latency.observe(begun.elapsed());
                }
                None
            }
            Ok(Err(error)) => Some((Err(error.into()), None)),
            Err(_) => Some((Err(Fault::Timeout), None)),
        }
    })
}
