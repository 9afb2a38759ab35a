//! Responses that are sent as they come, such as events and rallies with a pace. Each is held for as long
//! as its client likes, so more than a port can hold are refused.

use std::rc::Rc;

use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse};

use super::connection::Connection;

/// Returns the refusal of a request whose response would be sent as it comes, if there are too many of
/// these already: before anybody is asked for it.
#[must_use]
pub fn refuse(request: &HttpRequest) -> Option<HttpResponse> {
    let connection = request.conn_data::<Rc<Connection>>()?;
    (!connection.place.may_begin_stream()).then(refusal)
}

/// Returns the response to one too many.
pub(super) fn refusal() -> HttpResponse {
    let mut response = HttpResponse::ServiceUnavailable();
    response.insert_header((RETRY_AFTER, "1")).body("too many streams\n")
}
