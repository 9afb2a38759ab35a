//! The routes of probing, on the admin port.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::web::{self, Data, Payload, Query, ServiceConfig};
use futures_util::StreamExt;
use protocol::node::Node;
use serde::Deserialize;

use crate::prober::Prober;

/// Maximum number of bytes of a probe's body; a proxy's own has less than 10,000.
const MAX_PROBE_BYTES: usize = 16 * 1024;

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
    let mut length = 0;
    while let Some(Ok(piece)) = body.next().await {
        length += piece.len();
        if length > MAX_PROBE_BYTES {
            return HttpResponse::PayloadTooLarge().body("probe body exceeds 16 KB\n");
        }
    }
    // Without its type: only proxies ask, and each byte is sent on every path every 2 s.
    HttpResponse::Ok().body(prober.table().compact_report())
}

async fn probes(query: Query<ProbesQuery>, prober: Data<Prober>) -> HttpResponse {
    let nodes = query.nodes.as_ref();
    let nodes: Option<Vec<Node>> = nodes.map(|list| list.split(',').flat_map(str::parse).collect());
    let reports = prober.table().reports(nodes.as_deref());
    HttpResponse::Ok().json(reports)
}
