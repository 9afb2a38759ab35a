//! Nodes that other proxies report and that this one does not know of, since its DNS does not list them:
//! where their proxies are is asked of those who report them.

use std::net::SocketAddr;
use std::time::Duration;

use client::endpoint::Endpoint;
use client::fault::Fault;
use client::http::read;
use protocol::node::Node;
use protocol::probe::ProbeReports;
use protocol::service::Service;
use tokio::time::timeout;

/// How long a proxy may take to answer.
const TIMEOUT: Duration = Duration::from_secs(1);

/// Maximum size of an answer in bytes: two reports.
const MAX_BYTES: usize = 16 * 1024;

/// Asks a proxy for the address of the one on another node, which that has reported itself.
pub(crate) async fn address_of(node: &Node, proxy: SocketAddr) -> Option<SocketAddr> {
    let endpoint = Endpoint::new(proxy, Service::Proxy.into());
    let request = endpoint.get("/probes", Some(&format!("nodes={node}")));
    let fetching = async {
        let mut response = endpoint.send(request).await?;
        read(&mut response, MAX_BYTES).await
    };
    let body = timeout(TIMEOUT, fetching).await.unwrap_or(Err(Fault::Timeout)).ok()?;
    let reports: ProbeReports = serde_json::from_slice(&body).ok()?;
    let report = reports.reports.into_iter().find(|aged| aged.report.proxy.node == *node)?;
    report.report.admin
}
