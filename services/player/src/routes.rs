//! The player's answers.

use actix_web::http::header::{self, ContentType};
use actix_web::{HttpRequest, HttpResponse, web};
use court::headers;
use court::task::Task;
use rally::{Outcome, Side};
use serde::Serialize;

use crate::service::Player;

/// Adds the public port's routes.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    let stroke = web::resource("/").route(web::get().to(stroke)).route(web::head().to(stroke));
    config.service(stroke);
}

/// Tells of a stroke in JSON.
#[derive(Serialize)]
struct Told<'a> {
    outcome: Outcome,
    side: Side,
    #[serde(flatten)]
    me: &'a Task,
}

async fn stroke(request: HttpRequest, player: web::Data<Player>) -> HttpResponse {
    let outcome = player.play();
    let mut answer = HttpResponse::Ok();
    answer.insert_header((headers::PLAYER, player.name.as_str()));
    let accept = request.headers().get(header::ACCEPT);
    if accept.is_some_and(|accept| accept.as_bytes().starts_with(b"application/json")) {
        answer.json(Told { outcome, side: player.side(), me: &player.me })
    } else {
        answer.insert_header(ContentType::plaintext()).body(outcome.name())
    }
}
