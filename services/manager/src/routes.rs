//! The routes of a manager.

use std::convert::Infallible;

use actix_web::http::header::{self, ContentType};
use actix_web::{HttpRequest, HttpResponse, web};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{once, unfold};
use protocol::headers;
use protocol::timing::BUFFER_TIME;
use protocol::wanted::Wanted;
use server::buffer::{Buffered, buffer};
use server::resource::{document, not_found, stream};
use tokio::time::Instant;

use crate::publish;
use crate::rally_runner::{RallyRunner, RallyStep};
use crate::render::{Renderer, no_player};
use crate::request::RallyRequest;
use crate::state::Manager;

/// Adds the routes of the public port.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(document("/", rally))
        .service(stream("/events", events))
        .default_service(not_found("/ and /events"));
}

async fn rally(request: HttpRequest, manager: web::Data<Manager>) -> HttpResponse {
    let buffer_until = Instant::now() + BUFFER_TIME;
    let request = match RallyRequest::parse(&request) {
        Ok(request) => request,
        Err(refusal) => return HttpResponse::BadRequest().body(refusal),
    };
    let pace = request.pace.unwrap_or(manager.options.pace);
    let mut renderer = Renderer::new(request.format, request.who);
    if renderer.names_nodes() {
        renderer.names = manager.node_names();
        renderer.names.add(&mut request.proxy.clone());
    }
    let Ok(mut runner) = RallyRunner::start(&manager, pace, request.proxy) else {
        return unavailable("too many rallies in flight\n".to_owned());
    };
    let mut response = HttpResponse::Ok();
    response
        .insert_header((headers::RALLY, runner.id().as_str()))
        .insert_header((headers::MANAGER, manager.name.as_str()))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_TYPE, renderer.content_type()));

    let first = match runner.next().await {
        Some(RallyStep::Finished(_, result)) => {
            let missing = manager.missing(result.end.missing());
            return unavailable(no_player(&missing, runner.failed()));
        }
        Some(stroke) => renderer.render(stroke),
        None => String::new(),
    };
    let rest = unfold((runner, renderer), |(mut runner, renderer)| async move {
        let step = runner.next().await?;
        Some((Bytes::from(renderer.render(step)), (runner, renderer)))
    });
    let first = once(async { Bytes::from(first) });
    let text = first.chain(rest).map(Ok::<_, Infallible>);
    if !pace.is_full_speed() {
        for header in headers::STREAM {
            response.insert_header(header);
        }
        return response.streaming(text);
    }
    match buffer(text.boxed_local(), buffer_until).await {
        Ok(Buffered::Complete(text)) => response.body(text),
        Ok(Buffered::Partial(text, rest)) => {
            response.streaming(once(async { Ok(text) }).chain(rest))
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

async fn events(request: HttpRequest, manager: web::Data<Manager>) -> HttpResponse {
    let wanted = Wanted::from_query(request.query_string());
    let first = match wanted {
        Wanted::Everything => publish::snapshot(&manager),
        Wanted::Rallies => Bytes::new(),
    };
    manager.feed.respond(first, move |kind| wanted.includes(kind))
}
