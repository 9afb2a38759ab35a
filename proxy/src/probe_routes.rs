//! The routes of probing, on the admin port.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Payload, Query, ServiceConfig};
use futures_util::StreamExt;
use protocol::node::Node;
use serde::Deserialize;

use crate::prober::Prober;

/// The query of `/probes`.
#[derive(Deserialize)]
struct ProbesQuery {
    /// Nodes, separated by commas.
    nodes: Option<String>,
}

/// Adds the routes.
pub(crate) fn configure(config: &mut ServiceConfig, prober: &Arc<Prober>) {
    config
        .app_data(Data::from(Arc::clone(prober)))
        .route("/probe", web::get().to(probe))
        .route("/probe", web::post().to(probe))
        .route("/probes", web::get().to(probes));
}

/// Answers a probe once its body has come to its end; what is in it has no meaning.
async fn probe(mut body: Payload, prober: Data<Prober>) -> HttpResponse {
    while let Some(Ok(_)) = body.next().await {}
    // Without its type: only proxies ask, and each byte is sent on every path every 2 s.
    HttpResponse::Ok().body(prober.table().compact_report())
}

async fn probes(query: Query<ProbesQuery>, prober: Data<Prober>) -> HttpResponse {
    let nodes = query.nodes.as_ref();
    let nodes: Option<Vec<Node>> = nodes.map(|list| list.split(',').flat_map(str::parse).collect());
    let reports = prober.table().reports(nodes.as_deref());
    HttpResponse::Ok().json(reports)
}
