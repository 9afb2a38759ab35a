//! The HTTP client that services call each other with.

use std::time::Duration;

use reqwest::{Response, StatusCode};

use crate::fault::Fault;

/// How long a connection may idle before the client closes it.
///
/// Shorter than [`serve`](crate::serve)'s keep-alive, so that it is the caller who closes: a server
/// that closes first may do so while a request is on its way.
const IDLE: Duration = Duration::from_secs(30);

/// How long a connection may take to be accepted.
const CONNECT: Duration = Duration::from_secs(1);

/// How long the other side's kernel may leave what was sent unacknowledged. It acknowledges in
/// moments even when its service is slow, so this tells a lost machine from a busy one
/// (`TCP_USER_TIMEOUT`, tcp(7); only Linux and its like have it).
#[cfg(any(target_os = "android", target_os = "linux"))]
const UNACKNOWLEDGED: Duration = Duration::from_secs(1);

/// Makes a client; each worker thread has its own, so that connections stay on their thread.
///
/// It must be given addresses, never names: its pool keeps the first address a name resolved to,
/// and scaling a service would change nothing (seanmonstar/reqwest#2333). Proxies named in the
/// environment and redirects are not followed: a service reaches its peers and nothing else.
///
/// # Panics
///
/// Never: without TLS and without a custom resolver there is nothing to fail.
#[must_use]
pub fn client() -> reqwest::Client {
    let builder = reqwest::Client::builder();
    #[cfg(any(target_os = "android", target_os = "linux"))]
    let builder = builder.tcp_user_timeout(UNACKNOWLEDGED);
    builder
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .pool_idle_timeout(IDLE)
        .connect_timeout(CONNECT)
        .build()
        .expect("a client without TLS has nothing to load")
}

/// Reads an answer's body, of at most so many bytes; another status than 200 is a fault too.
///
/// # Errors
///
/// What went wrong; [`Fault::Body`] when there is more.
pub async fn read(mut answer: Response, most: usize) -> Result<Vec<u8>, Fault> {
    if answer.status() != StatusCode::OK {
        return Err(Fault::Status(answer.status()));
    }
    let mut body = Vec::new();
    while let Some(piece) = answer.chunk().await? {
        if body.len() + piece.len() > most {
            // Leaving the rest unread closes the connection, however much there is.
            return Err(Fault::Body);
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}
