//! Fetches JSON from other tasks.

use std::time::Duration;

use client::endpoint::Endpoint;
use client::fault::Fault;
use client::http::read;
use futures_util::future::BoxFuture;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

/// How long a task may take to answer.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Fetches a document of at most `max_bytes`.
pub(crate) async fn fetch<T: DeserializeOwned>(
    endpoint: &Endpoint,
    path: &str,
    query: Option<&str>,
    max_bytes: usize,
) -> Result<T, Fault> {
    let body = fetch_body(endpoint, path, query, max_bytes).await?;
    serde_json::from_slice(&body).map_err(|_| Fault::Body)
}

/// Boxed, so that it is compiled once and not for each type.
fn fetch_body(
    endpoint: &Endpoint,
    path: &str,
    query: Option<&str>,
    max_bytes: usize,
) -> BoxFuture<'static, Result<Vec<u8>, Fault>> {
    let endpoint = endpoint.clone();
    let request = endpoint.get(path, query);
    Box::pin(async move {
        let fetching = async {
            let mut response = endpoint.send(request).await?;
            read(&mut response, max_bytes).await
        };
        timeout(TIMEOUT, fetching).await.unwrap_or(Err(Fault::Timeout))
    })
}
