//! The HTTP client that services call each other with, hyper's.

use std::net::SocketAddr;
use std::task::{Context, Poll};
use std::time::Duration;
use std::vec;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http_body_util::{BodyExt, Empty, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::{Request, Response, StatusCode, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::dns::Name;
use hyper_util::client::legacy::{Client, ResponseFuture};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use protocol::timing::POOL_IDLE_TIMEOUT;
use tower_service::Service;

use crate::fault::{Fault, UnresolvedName, find_cause};

/// How long a connection may take to be accepted.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// How long the other side's kernel may leave what was sent unacknowledged. It acknowledges in
/// moments even when its service is slow, so this tells a lost machine from a busy one
/// (`TCP_USER_TIMEOUT`, tcp(7); only Linux and its like have it).
#[cfg(any(target_os = "android", target_os = "linux"))]
const UNACKNOWLEDGED: Duration = Duration::from_secs(1);

/// How much of a response is read at once; its head must fit. Managers and scoreboards respond with some
/// 600 bytes of it.
const READ_BYTES: usize = 4096;

type HttpClient = Client<HttpConnector<Names>, Empty<Bytes>>;

thread_local! {
    /// This thread's client, so that connections stay on their thread.
    static LOCAL: HttpClient = client();
}

/// The operating system's own resolver, for names that people give, such as `pi1.local`.
#[derive(Clone, Copy)]
struct Names;

impl Service<Name> for Names {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = UnresolvedName;
    type Future = BoxFuture<'static, Result<Self::Response, UnresolvedName>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), UnresolvedName>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        async move {
            let addresses = tokio::net::lookup_host((name.as_str(), 0)).await;
            let addresses: Vec<_> = addresses.map_err(UnresolvedName)?.collect();
            Ok(addresses.into_iter())
        }
        .boxed()
    }
}

/// Makes a client. Redirects and the proxies that the environment names are not followed: a service reaches
/// its peers and nothing else.
fn client() -> HttpClient {
    let mut connector = HttpConnector::new_with_resolver(Names);
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

/// Sends a request by this thread's client; returns the response, with a body yet to be read.
///
/// A service gives it addresses, never names: the pool keeps the first address that a name resolved to, and
/// scaling a service would change nothing (seanmonstar/reqwest#2333).
///
/// # Errors
///
/// Whatever went wrong before the head of the response had come.
pub async fn send(request: Request<Empty<Bytes>>) -> Result<Response<Incoming>, Fault> {
    start(request).await.map_err(|error| find_cause(&error))
}

/// Starts a request. Never inlined, so that hyper's client is compiled once and not again in each crate that
/// sends requests.
#[inline(never)]
fn start(request: Request<Empty<Bytes>>) -> ResponseFuture {
    LOCAL.with(|client| client.request(request))
}

/// Asks for a document.
///
/// # Errors
///
/// Those of [`send`].
pub async fn get(uri: Uri) -> Result<Response<Incoming>, Fault> {
    let mut request = Request::new(Empty::new());
    *request.uri_mut() = uri;
    send(request).await
}

/// Reads the body of a response with status 200, of at most `limit` bytes.
///
/// # Errors
///
/// [`Fault::Status`] for another status, [`Fault::Body`] when there are more bytes, and whatever
/// else went wrong.
pub async fn read(response: Response<Incoming>, limit: usize) -> Result<Bytes, Fault> {
    if response.status() != StatusCode::OK {
        return Err(Fault::Status(response.status()));
    }
    // Leaving the rest unread closes the connection, however much there is.
    let body = Limited::new(response.into_body(), limit).collect().await.map_err(|error| {
        if error.is::<LengthLimitError>() { Fault::Body } else { find_cause(&*error) }
    })?;
    Ok(body.to_bytes())
}
