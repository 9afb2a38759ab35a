//! Fetches JSON from other tasks.

use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use crate::endpoint::Endpoint;
use crate::fault::Fault;
use crate::http::read;

/// How long a task may take to answer.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Fetches a document of at most `max_bytes`.
///
/// # Errors
///
/// [`Fault::Body`] when it is not what was expected, [`Fault::Timeout`] after a second, and those of
/// [`Endpoint::get`] and [`read`].
pub async fn fetch<T: DeserializeOwned>(
    endpoint: &Endpoint,
    path: &str,
    query: Option<&str>,
    max_bytes: usize,
) -> Result<T, Fault> {
    let body = fetch_body(endpoint, path, query, max_bytes).await?;
    serde_json::from_slice(&body).map_err(|_| Fault::Body)
}

/// Boxed, so that it is compiled once and not for each type.
fn fetch_body<'a>(
    endpoint: &'a Endpoint,
    path: &'a str,
    query: Option<&'a str>,
    max_bytes: usize,
) -> BoxFuture<'a, Result<Bytes, Fault>> {
    let fetching = async move { read(endpoint.get(path, query).await?, max_bytes).await };
    timeout(TIMEOUT, fetching).map(|fetched| fetched.unwrap_or(Err(Fault::Timeout))).boxed()
}
