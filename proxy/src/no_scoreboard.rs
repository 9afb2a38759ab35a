//! What a browser gets while there is no scoreboard: a plain page that says so and tries again.

use actix_web::HttpResponse;
use actix_web::http::{StatusCode, header};

/// Returns the page, with the reason; it has no markup in it, but may have any text.
pub(crate) fn page(status: StatusCode, reason: &str) -> HttpResponse {
    let reason = reason.replace('&', "&amp;").replace('<', "&lt;");
    let page = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <meta http-equiv=\"refresh\" content=\"3\">\n<title>swarm-pong: no scoreboard</title>\n\
         <h1>No scoreboard</h1>\n<p>{reason}</p>\n\
         <p>Start one: <code>docker service scale pong_scoreboard=1</code> (stack) or \
         <code>docker service scale scoreboard=1</code> (plain services).</p>\n\
         <p>Trying again every 3 seconds. Meanwhile, <a href=\"rally\">play a rally</a>.</p>\n</html>\n"
    );
    HttpResponse::build(status)
        .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::CONTENT_SECURITY_POLICY, "default-src 'none'"))
        .body(page)
}
