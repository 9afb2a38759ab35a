//! The routes of probing, on the admin port.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::web::{self, Data, Payload, Query, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use futures_util::StreamExt;
use protocol::node::Node;
use serde::Deserialize;

use crate::ports::Ports;
use crate::prober::Prober;

/// The query of `/probes`.
#[derive(Deserialize)]
struct ProbesQuery {
    /// Nodes, separated by commas.
    nodes: Option<String>,
}

/// The query of `/leaving`.
#[derive(Deserialize)]
struct LeavingQuery {
    /// The admin port of the proxy that stops.
    port: u16,
}

/// Adds the routes.
pub(crate) fn configure(config: &mut ServiceConfig, prober: &Arc<Prober>, ports: &Arc<Ports>) {
    config
        .app_data(Data::from(Arc::clone(prober)))
        .app_data(Data::from(Arc::clone(ports)))
        .route("/probe", web::get().to(probe))
        .route("/probe", web::post().to(probe))
        .route("/leaving", web::get().to(leaving))
        .route("/probes", web::get().to(probes));
}

/// Answers a probe once its body has come to its end; what is in it has no meaning.
async fn probe(request: HttpRequest, mut body: Payload, prober: Data<Prober>) -> HttpResponse {
    while let Some(Ok(_)) = body.next().await {}
    if let Some(from) = request.peer_addr() {
        prober.table().called_by(from.ip().to_canonical());
    }
    // Without its type: only proxies ask, and each byte is sent on every path every 3 s.
    HttpResponse::Ok().body(prober.table().compact_report())
}

/// Hears that a proxy stops: the one on the asking address, so that none can say so of another.
async fn leaving(
    request: HttpRequest,
    query: Query<LeavingQuery>,
    prober: Data<Prober>,
) -> HttpResponse {
    if let Some(from) = request.peer_addr() {
        prober.table().leaves(SocketAddr::new(from.ip().to_canonical(), query.port));
    }
    HttpResponse::NoContent().finish()
}

async fn probes(
    query: Query<ProbesQuery>,
    prober: Data<Prober>,
    ports: Data<Ports>,
) -> HttpResponse {
    let nodes = query.nodes.as_ref();
    let nodes: Option<Vec<Node>> = nodes.map(|list| list.split(',').flat_map(str::parse).collect());
    let mut reports = prober.table().reports(nodes.as_deref());
    if let Some(own) = reports.reports.first_mut() {
        own.report.ports = ports.measurements();
    }
    HttpResponse::Ok().json(reports)
}
