//! The manager's public port.

use std::convert::Infallible;

use actix_web::http::header::{self, ContentType};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use court::headers;
use court::held::{Held, PATIENCE, hold};
use futures_util::{StreamExt, stream};
use reqwest::Client;
use tokio::time::Instant;

use crate::answer::{Teller, nobody};
use crate::play::{Play, Step};
use crate::publish;
use crate::service::Manager;
use crate::wish::Wish;

/// Adds the public port's routes.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .service(web::resource("/").route(web::get().to(rally)).route(web::head().to(rally)))
        .service(web::resource("/events").route(web::get().to(events)));
}

async fn rally(
    request: HttpRequest,
    manager: web::Data<Manager>,
    client: web::Data<Client>,
) -> HttpResponse {
    let deadline = Instant::now() + PATIENCE;
    let wish = match Wish::read(&request) {
        Ok(wish) => wish,
        Err(refusal) => return HttpResponse::BadRequest().body(refusal + "\n"),
    };
    let pace = wish.pace.unwrap_or(manager.options.pace);
    let Ok(mut play) = Play::begin(&manager, &client, pace, wish.proxy) else {
        return unavailable("as many rallies are in flight as this manager takes on\n".to_owned());
    };
    let mut answer = HttpResponse::Ok();
    let teller = Teller { format: wish.format, who: wish.who };
    answer
        .insert_header((headers::RALLY, play.id()))
        .insert_header((headers::MANAGER, manager.name.as_str()))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_TYPE, teller.content_type()));

    let first = match play.next().await {
        Some(Step::Over(verdict, _)) => return unavailable(nobody(verdict, play.failed())),
        Some(stroke) => teller.tell(&stroke),
        None => String::new(),
    };
    let rest = stream::unfold(play, move |mut play| async move {
        let step = play.next().await?;
        Some((Bytes::from(teller.tell(&step)), play))
    });
    let told = stream::once(async { Bytes::from(first) }).chain(rest).map(Ok::<_, Infallible>);
    if !pace.is_full_speed() {
        return answer.insert_header((headers::BUFFERING, "no")).streaming(told);
    }
    match hold(told.boxed_local(), deadline).await {
        Ok(Held::Whole(told)) => answer.body(told),
        Ok(Held::Begun(told, rest)) => {
            answer.streaming(stream::once(async { Ok(told) }).chain(rest))
        }
        Err(never) => match never {},
    }
}

fn unavailable(reason: String) -> HttpResponse {
    HttpResponse::ServiceUnavailable()
        .insert_header((header::RETRY_AFTER, "1"))
        .insert_header(ContentType::plaintext())
        .body(reason)
}

async fn events(manager: web::Data<Manager>) -> HttpResponse {
    manager.feed.answer(publish::all(&manager))
}
