//! What a request for a rally asks for.

use actix_web::HttpRequest;
use actix_web::web::Query;
use protocol::headers;
use protocol::node::Node;
use serde::Deserialize;
use server::accept::preferred;

use crate::pace::Pace;
use crate::render::Format;

/// A request for a rally.
#[derive(Debug)]
pub(crate) struct RallyRequest {
    /// The format of the answer.
    pub(crate) format: Format,
    /// Whether text names the players.
    pub(crate) who: bool,
    /// The pace, unless it is the manager's own.
    pub(crate) pace: Option<Pace>,
    /// The node whose proxy carries the rally, if one does.
    pub(crate) proxy: Option<Node>,
}

#[derive(Deserialize)]
struct Parameters {
    who: Option<String>,
    pace: Option<String>,
}

impl RallyRequest {
    /// Parses a request.
    ///
    /// # Errors
    ///
    /// What is wrong with its query, as text for the client.
    pub(crate) fn parse(request: &HttpRequest) -> Result<Self, String> {
        let Query(parameters) = Query::<Parameters>::from_query(request.query_string())
            .map_err(|error| format!("invalid query: {error}"))?;
        let pace = parameters.pace.map(|pace| pace.parse()).transpose();
        let proxy = request.headers().get(headers::PROXY);
        Ok(Self {
            format: format(request),
            who: parameters.who.is_some(),
            pace: pace.map_err(|error| format!("pace: {error}"))?,
            proxy: proxy.and_then(|name| name.to_str().ok()?.parse().ok()),
        })
    }
}

/// Returns the format that a client prefers; text if it has no preference.
fn format(request: &HttpRequest) -> Format {
    match preferred(request, &["text/plain", "application/json", "application/x-ndjson"]) {
        1 => Format::Json,
        2 => Format::NdJson,
        _ => Format::Text,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header;
    use actix_web::test::TestRequest;

    use super::*;

    fn parse(query: &str, accept: &str) -> Result<RallyRequest, String> {
        let request = TestRequest::with_uri(query).insert_header((header::ACCEPT, accept));
        RallyRequest::parse(&request.to_http_request())
    }

    #[test]
    fn the_preferred_format_is_used_and_text_when_there_is_none() {
        for (accept, format) in [
            ("*/*", Format::Text),
            ("", Format::Text),
            ("application/json", Format::Json),
            ("text/html, application/x-ndjson;q=0.9", Format::NdJson),
            ("text/plain, application/json", Format::Text),
            ("text/plain;q=0.5, application/json", Format::Json),
            ("application/json;q=0", Format::Text),
        ] {
            assert_eq!(parse("/", accept).map(|request| request.format), Ok(format), "{accept}");
        }
    }

    #[test]
    fn a_pace_over_five_seconds_is_refused_with_the_range() {
        let refusal = parse("/?pace=6s", "").expect_err("refused");
        assert_eq!(refusal, "pace: 6s is out of range (0s to 5s)");
        assert!(parse("/?pace=abc", "").is_err());
        assert!(parse("/?pace=1s&pace=2s", "").is_err());
        let request = parse("/?who&pace=5s", "").expect("valid");
        assert!(request.who && request.pace.is_some());
    }

    #[test]
    fn an_invalid_proxy_header_is_ignored() {
        let request = TestRequest::default().insert_header((headers::PROXY, "<script>"));
        let parsed = RallyRequest::parse(&request.to_http_request());
        assert_eq!(parsed.map(|request| request.proxy), Ok(None));
    }
}
