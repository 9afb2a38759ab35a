//! What a request for a rally asks for.

use actix_web::HttpRequest;
use actix_web::http::header::{self, HeaderMap};
use actix_web::web::Query;
use court::headers;
use court::pace::Pace;
use court::task::Name;
use serde::Deserialize;

/// Names how a rally is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// A line a stroke, for people.
    Text,
    /// One object.
    Json,
    /// One object a line.
    NdJson,
}

/// Holds what a request asks for.
#[derive(Debug)]
pub(crate) struct Wish {
    pub(crate) format: Format,
    pub(crate) who: bool,
    pub(crate) pace: Option<Pace>,
    pub(crate) proxy: Option<Name>,
}

#[derive(Deserialize)]
struct Parameters {
    who: Option<String>,
    pace: Option<String>,
}

impl Wish {
    /// Reads a request; what it cannot mean is refused with the reason.
    pub(crate) fn read(request: &HttpRequest) -> Result<Self, String> {
        let Query(parameters) = Query::<Parameters>::from_query(request.query_string())
            .map_err(|error| format!("unreadable query: {error}"))?;
        let pace = parameters.pace.map(|pace| pace.parse()).transpose();
        let proxy = request.headers().get(headers::PROXY);
        Ok(Self {
            format: format(request.headers()),
            who: parameters.who.is_some(),
            pace: pace.map_err(|error| format!("pace: {error}"))?,
            proxy: proxy.and_then(|name| name.to_str().ok()?.parse().ok()),
        })
    }
}

/// Takes the first format in `Accept` that there is, and text for whoever names none.
fn format(headers: &HeaderMap) -> Format {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let kinds = accept.unwrap_or_default().split(',');
    let known = |kind: &str| match kind.split(';').next()?.trim() {
        "application/json" => Some(Format::Json),
        "application/x-ndjson" => Some(Format::NdJson),
        "text/plain" | "text/*" => Some(Format::Text),
        _ => None,
    };
    kinds.filter_map(known).next().unwrap_or(Format::Text)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn read(query: &str, accept: &str) -> Result<Wish, String> {
        let request = TestRequest::with_uri(query).insert_header((header::ACCEPT, accept));
        Wish::read(&request.to_http_request())
    }

    #[test]
    fn the_first_known_format_is_taken_and_text_when_there_is_none() {
        for (accept, format) in [
            ("*/*", Format::Text),
            ("", Format::Text),
            ("application/json", Format::Json),
            ("text/html, application/x-ndjson;q=0.9", Format::NdJson),
            ("text/plain, application/json", Format::Text),
        ] {
            assert_eq!(read("/", accept).map(|wish| wish.format), Ok(format), "{accept}");
        }
    }

    #[test]
    fn a_pace_over_five_seconds_is_refused_with_the_range() {
        let refusal = read("/?pace=6s", "").expect_err("refused");
        assert_eq!(refusal, "pace: 6s is not within 0s to 5s");
        assert!(read("/?pace=abc", "").is_err());
        assert!(read("/?pace=1s&pace=2s", "").is_err());
        let wish = read("/?who&pace=5s", "").expect("lawful");
        assert!(wish.who && wish.pace.is_some());
    }

    #[test]
    fn a_proxy_with_an_unlawful_name_is_nobody() {
        let request = TestRequest::default().insert_header((headers::PROXY, "<script>"));
        assert_eq!(Wish::read(&request.to_http_request()).map(|wish| wish.proxy), Ok(None));
    }
}
