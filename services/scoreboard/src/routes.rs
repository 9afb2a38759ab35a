//! The scoreboard's public port.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use serde_json::value::RawValue;

use crate::exchange::{self, Question};
use crate::page::{self, File};
use crate::service::Scoreboard;

/// Adds the public port's routes; whatever is not a GET is refused.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/").route(web::get().to(index)))
        .service(web::resource("/page/{file}").route(web::get().to(file)))
        .service(web::resource("/score").route(web::get().to(score)))
        .service(web::resource("/paths").route(web::get().to(paths)))
        .service(web::resource("/events").route(web::get().to(events)))
        .service(web::resource("/lives").route(web::get().to(lives)));
}

async fn index() -> HttpResponse {
    page::INDEX.answer()
}

async fn file(name: web::Path<String>) -> HttpResponse {
    page::FILES
        .iter()
        .find(|file| file.name == *name)
        .map_or_else(|| HttpResponse::NotFound().body("no such file\n"), File::answer)
}

async fn score(scoreboard: web::Data<Scoreboard>) -> HttpResponse {
    json(&scoreboard.news.score())
}

async fn paths(scoreboard: web::Data<Scoreboard>) -> HttpResponse {
    json(&scoreboard.news.paths())
}

fn json(text: &RawValue) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(format!("{text}\n"))
}

async fn events(scoreboard: web::Data<Scoreboard>) -> HttpResponse {
    scoreboard.news.answer()
}

async fn lives(
    scoreboard: web::Data<Scoreboard>,
    question: web::Query<Question>,
) -> web::Json<exchange::Answer> {
    web::Json(exchange::answer(&scoreboard.news, &scoreboard.life, &question))
}
