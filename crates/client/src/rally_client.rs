//! The HTTP client on the way of a rally: a proxy asks a manager with it, and a manager its players,
//! thousands of times a second.
//!
//! It is hyper's, the one below reqwest, with what reqwest sets by itself. reqwest would parse the URL
//! of each request twice more, and its connections have larger buffers.

use bytes::Bytes;
use http_body_util::Empty;
use hyper::body::Incoming;
use hyper::{Request, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use protocol::timing::POOL_IDLE_TIMEOUT;

use crate::fault::{Fault, find_cause};
use crate::http::CONNECT_TIMEOUT;
#[cfg(any(target_os = "android", target_os = "linux"))]
use crate::http::UNACKNOWLEDGED;

/// How much of a response is read at once; its head must fit. Managers and scoreboards respond with some
/// 600 bytes of it.
const READ_BYTES: usize = 4096;

type RallyClient = Client<HttpConnector, Empty<Bytes>>;

thread_local! {
    static LOCAL: RallyClient = client();
}

fn client() -> RallyClient {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT_TIMEOUT));
    #[cfg(any(target_os = "android", target_os = "linux"))]
    connector.set_tcp_user_timeout(Some(UNACKNOWLEDGED));
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .http1_read_buf_exact_size(READ_BYTES)
        .build(connector)
}

/// Sends a request to an address, never to a name, by this thread's client.
///
/// # Errors
///
/// Whatever went wrong before the head of the response had come.
pub(crate) async fn send(request: Request<Empty<Bytes>>) -> Result<Response<Incoming>, Fault> {
    let response = LOCAL.with(|client| client.request(request));
    response.await.map_err(|error| find_cause(&error))
}
