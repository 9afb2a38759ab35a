//! The knock-up on the admin port.
//!
//! | request | answer |
//! |---|---|
//! | `POST /knock` | the proxy's own row; the request's body is read to its end and means nothing |
//! | `GET /knock-up` | its own row and those it has heard; with `?of=pi2,pi3` of those nodes alone |

use std::sync::Arc;

use actix_web::http::header;
use actix_web::web::{self, Payload, ServiceConfig};
use actix_web::{HttpRequest, HttpResponse};
use court::task::Name;
use futures_util::StreamExt;

use super::KnockUp;

/// The most bytes a knock has; a proxy's own has less than 10,000.
const MOST: usize = 16 * 1024;

/// Returns what adds the routes.
pub(crate) fn operators(knock_up: Arc<KnockUp>) -> impl Fn(&mut ServiceConfig) {
    move |config| {
        config
            .app_data(web::Data::from(Arc::clone(&knock_up)))
            .route("/knock", web::post().to(knock))
            .route("/knock-up", web::get().to(report));
    }
}

async fn knock(mut body: Payload, knock_up: web::Data<KnockUp>) -> HttpResponse {
    let mut length = 0;
    while let Some(Ok(piece)) = body.next().await {
        length += piece.len();
        if length > MOST {
            return HttpResponse::PayloadTooLarge().body("a knock has at most 16 KB\n");
        }
    }
    json(knock_up.table().small_row())
}

async fn report(request: HttpRequest, knock_up: web::Data<KnockUp>) -> HttpResponse {
    let of = request.query_string().strip_prefix("of=");
    let of: Option<Vec<Name>> = of.map(|of| of.split(',').flat_map(str::parse).collect());
    let report = knock_up.table().report(of.as_deref());
    // A plain structure, for which it does not fail.
    json(serde_json::to_string(&report).unwrap_or_default())
}

fn json(body: String) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, "application/json")).body(body)
}
