//! The routes of a player.

use actix_web::http::header::ContentType;
use actix_web::{HttpRequest, HttpResponse, web};
use protocol::headers;
use protocol::player::PlayerStroke;
use server::accept::preferred;
use server::identity::ARCH;
use server::resource::{document, not_found};

use crate::state::Player;

/// Adds the routes of the public port.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config.service(document("/", stroke)).default_service(not_found("/"));
}

async fn stroke(request: HttpRequest, player: web::Data<Player>) -> HttpResponse {
    let outcome = player.play();
    let mut response = HttpResponse::Ok();
    response.insert_header((headers::PLAYER, player.name.as_str()));
    response.insert_header((headers::ARCH, ARCH));
    if preferred(&request, &["text/plain", "application/json"]) == 0 {
        return response.insert_header(ContentType::plaintext()).body(outcome.name());
    }
    response.json(PlayerStroke { outcome, side: player.side, player: player.task.clone() })
}
