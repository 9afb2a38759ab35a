//! The HTTP client that services call each other with.

use std::time::Duration;

use protocol::timing::POOL_IDLE_TIMEOUT;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, Response, StatusCode};

use crate::fault::{Fault, UnresolvedName};

/// How long a connection may take to be accepted.
pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// How long the other side's kernel may leave what was sent unacknowledged. It acknowledges in
/// moments even when its service is slow, so this tells a lost machine from a busy one
/// (`TCP_USER_TIMEOUT`, tcp(7); only Linux and its like have it).
#[cfg(any(target_os = "android", target_os = "linux"))]
pub(crate) const UNACKNOWLEDGED: Duration = Duration::from_secs(1);

thread_local! {
    static LOCAL: Client = client();
}

/// The operating system's own resolver, for names that people give, such as `pi1.local`.
struct Names;

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let addresses = tokio::net::lookup_host((name.as_str(), 0)).await;
            let addresses = addresses.map_err(UnresolvedName)?;
            Ok(Box::new(addresses.collect::<Vec<_>>().into_iter()) as Addrs)
        })
    }
}

/// Returns this thread's client, so that connections stay on their thread.
#[must_use]
pub fn local() -> Client {
    LOCAL.with(Client::clone)
}

/// Makes a client.
///
/// It must be given addresses, never names: its pool keeps the first address a name resolved to,
/// and scaling a service would change nothing (seanmonstar/reqwest#2333). Proxies named in the
/// environment and redirects are not followed: a service reaches its peers and nothing else.
///
/// # Panics
///
/// Never: without TLS and without a custom resolver there is nothing to fail.
#[must_use]
pub fn client() -> Client {
    let builder = Client::builder();
    #[cfg(any(target_os = "android", target_os = "linux"))]
    let builder = builder.tcp_user_timeout(UNACKNOWLEDGED);
    builder
        .dns_resolver(Names)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        .connect_timeout(CONNECT_TIMEOUT)
        .build()
        .expect("a client without TLS has nothing to load")
}

/// Reads the body of a response with status 200, of at most `limit` bytes.
///
/// # Errors
///
/// [`Fault::Status`] for another status, [`Fault::Body`] when there are more bytes, and whatever
/// else went wrong.
pub async fn read(response: &mut Response, limit: usize) -> Result<Vec<u8>, Fault> {
    if response.status() != StatusCode::OK {
        return Err(Fault::Status(response.status()));
    }
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await? {
        if body.len() + piece.len() > limit {
            // Leaving the rest unread closes the connection, however much there is.
            return Err(Fault::Body);
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}
