//! Which service a request is meant for, and which one answers.

use actix_web::HttpResponse;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use protocol::headers::{FROM, TO};
use protocol::service::Service;

/// Responds to a request that no route is to see: one that is meant for another service is refused
/// with 421 (RFC 9110, section 15.5.20), and one that checks whether this service answers, an
/// OPTIONS that names it, has an empty response. A request that names no service is served.
pub(super) fn respond(request: &ServiceRequest, own: Service) -> Option<HttpResponse> {
    let meant = request.headers().get(TO)?;
    if meant.as_bytes() != own.name().as_bytes() {
        let refusal = format!("this is a {own}\n");
        return Some(HttpResponse::build(StatusCode::MISDIRECTED_REQUEST).body(refusal));
    }
    (request.method() == Method::OPTIONS).then(|| HttpResponse::NoContent().finish())
}

/// Names the service that answers.
pub(super) fn sign<B>(response: &mut ServiceResponse<B>, own: Service) {
    let name = HeaderName::from_static(FROM);
    response.headers_mut().insert(name, HeaderValue::from_static(own.name()));
}
