//! The scoreboard's public port.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use protocol::sync::{SyncPage, SyncQuery};
use server::resource::{document, not_found, stream};

use crate::page::{self, File};
use crate::publish::Publisher;
use crate::state::State;
use crate::sync;

/// Adds the public port's routes; whatever is not a GET or, where the answer ends, a HEAD is refused.
pub(crate) fn configure(
    config: &mut web::ServiceConfig,
    state: &Arc<State>,
    publisher: &Arc<Publisher>,
) {
    config
        .app_data(web::Data::from(Arc::clone(state)))
        .app_data(web::Data::from(Arc::clone(publisher)))
        .service(document("/", index))
        .service(document("/page/{file}", file))
        .service(document("/score", score))
        .service(document("/paths", paths))
        .service(document("/timeline", timeline))
        .service(stream("/events", events))
        .service(stream("/sync", sync))
        .default_service(not_found("/, /score, /paths, /timeline, /events and /sync"));
}

async fn index() -> HttpResponse {
    page::INDEX.respond()
}

async fn file(name: web::Path<String>) -> HttpResponse {
    page::FILES
        .iter()
        .find(|file| file.name == *name)
        .map_or_else(|| HttpResponse::NotFound().body("no such file\n"), File::respond)
}

async fn score(publisher: web::Data<Publisher>) -> HttpResponse {
    json(publisher.score())
}

async fn paths(publisher: web::Data<Publisher>) -> HttpResponse {
    json(publisher.paths())
}

async fn timeline(publisher: web::Data<Publisher>) -> HttpResponse {
    json(publisher.timeline())
}

fn json(text: String) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(text + "\n")
}

async fn events(publisher: web::Data<Publisher>) -> HttpResponse {
    publisher.subscribe()
}

async fn sync(state: web::Data<State>, query: web::Query<SyncQuery>) -> web::Json<SyncPage> {
    web::Json(sync::page(&state, &query))
}
