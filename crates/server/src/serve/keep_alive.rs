//! What becomes of the connection after a response.

use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::{ConnectionType, Version};

/// Closes the connection after a response if the client or the shutdown of the service needs it.
///
/// A response that is sent as it comes may outlast the time in which a stopping service still takes
/// requests, so its client is told at its start to open another connection for the next one. A client
/// of HTTP/1.0 knows no chunks: what has no length ends with the connection (RFC 9112, sections 6.1
/// and 6.3). An offer to upgrade the connection, such as to h2c, is ignored (RFC 9110, section 7.8);
/// actix would repeat it in the response and close the connection unannounced.
///
/// Returns whether the connection closes, be it for these reasons or for others.
pub(super) fn adapt<B: MessageBody>(response: &mut ServiceResponse<B>, shutdown: bool) -> bool {
    let request = response.request();
    let upgrade = request.head().upgrade();
    let asked = request.head().connection_type();
    let is_old = request.version() < Version::HTTP_11;
    let is_stream = matches!(response.response().body().size(), BodySize::Stream);
    let head = response.response_mut().head_mut();
    head.no_chunking(is_old && is_stream);
    if shutdown || upgrade || is_stream {
        head.set_connection_type(ConnectionType::Close);
    }
    asked != ConnectionType::KeepAlive || head.connection_type() != ConnectionType::KeepAlive
}

#[cfg(test)]
mod tests {
    use actix_web::HttpResponse;
    use actix_web::test::TestRequest;
    use bytes::Bytes;
    use futures_util::stream;

    use super::*;

    fn request(version: Version) -> TestRequest {
        TestRequest::default().version(version)
    }

    /// Returns whether a response is chunked, and whether it closes the connection.
    fn adapted(request: TestRequest, response: HttpResponse, shutdown: bool) -> (bool, bool) {
        let mut response = ServiceResponse::new(request.to_http_request(), response);
        let closes = adapt(&mut response, shutdown);
        (response.response().head().chunked(), closes)
    }

    fn stream() -> HttpResponse {
        HttpResponse::Ok()
            .streaming(stream::once(async { Ok::<_, actix_web::Error>(Bytes::new()) }))
    }

    #[test]
    fn a_stream_is_the_last_response_of_its_connection_and_has_chunks_only_since_http_1_1() {
        assert_eq!(adapted(request(Version::HTTP_10), stream(), false), (false, true));
        assert_eq!(adapted(request(Version::HTTP_11), stream(), false), (true, true));
        let text = || HttpResponse::Ok().body("a");
        assert!(adapted(request(Version::HTTP_10), text(), false).1, "1.0 closes unless asked");
    }

    #[test]
    fn an_upgrade_is_not_taken_and_a_shutdown_closes() {
        let plain = || HttpResponse::Ok().body("a");
        let h2c = ("connection", "Upgrade, HTTP2-Settings");
        assert!(adapted(request(Version::HTTP_11).insert_header(h2c), plain(), false).1);
        assert!(adapted(request(Version::HTTP_11), plain(), true).1);
        assert!(!adapted(request(Version::HTTP_11), plain(), false).1);
    }
}
