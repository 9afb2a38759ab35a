//! Nodes that other proxies report and that this one does not know of, since its DNS does not list them:
//! where their proxies are is asked of those who report them.

use std::net::SocketAddr;

use client::endpoint::Endpoint;
use client::fetch::fetch;
use protocol::node::Node;
use protocol::probe::ProbeReports;
use protocol::service::Service;

/// Maximum size of an answer in bytes: two reports.
const MAX_BYTES: usize = 16 * 1024;

/// Asks a proxy for the address of the one on another node, which that has reported itself.
pub(crate) async fn address_of(node: &Node, proxy: SocketAddr) -> Option<SocketAddr> {
    let endpoint = Endpoint::new(proxy, Service::Proxy.into());
    let query = format!("nodes={node}");
    let reports: ProbeReports = fetch(&endpoint, "/probes", Some(&query), MAX_BYTES).await.ok()?;
    let report = reports.reports.into_iter().find(|aged| aged.report.proxy.node == *node)?;
    report.report.admin
}
