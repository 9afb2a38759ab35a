//! Resources of a port, which refuse what they do not answer with what there is instead.

use std::future::ready;

use actix_web::http::header::ALLOW;
use actix_web::{FromRequest, Handler, HttpResponse, Resource, Route, web};

/// Returns a resource whose answer ends by itself: it answers GET and HEAD.
#[must_use]
pub fn document<F, A>(path: &str, handler: F) -> Resource
where
    F: Handler<A, Output: actix_web::Responder + 'static>,
    A: FromRequest + 'static,
{
    let head = web::head().to(handler.clone());
    web::resource(path)
        .route(web::get().to(handler))
        .route(head)
        .default_service(refuse("GET, HEAD"))
}

/// Returns a resource whose answer may not end: it answers GET alone.
#[must_use]
pub fn stream<F, A>(path: &str, handler: F) -> Resource
where
    F: Handler<A, Output: actix_web::Responder + 'static>,
    A: FromRequest + 'static,
{
    web::resource(path).route(web::get().to(handler)).default_service(refuse("GET"))
}

/// Answers 405 with the methods that are allowed.
fn refuse(allow: &'static str) -> Route {
    web::to(move || {
        let refusal = format!("method not allowed; allowed: {allow}\n");
        ready(HttpResponse::MethodNotAllowed().insert_header((ALLOW, allow)).body(refusal))
    })
}

/// Answers 404 with the paths that there are.
#[must_use]
pub fn not_found(there_are: &'static str) -> Route {
    let refusal = format!("not found; there are {there_are}\n");
    web::to(move || ready(HttpResponse::NotFound().body(refusal.clone())))
}
