//! What a request for a rally asks for.

use actix_web::HttpRequest;
use actix_web::web::Query;
use protocol::headers;
use protocol::node::Node;
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

/// The end of a refusal: what there is.
const PARAMETERS: &str = "parameters of a rally: who (task, node, architecture and time of each stroke), pace=TIME (0s to 5s)\n";

impl RallyRequest {
    /// Parses a request.
    ///
    /// # Errors
    ///
    /// What is wrong with its query, as text for the client.
    pub(crate) fn parse(request: &HttpRequest) -> Result<Self, String> {
        let (who, pace) = parameters(request.query_string())
            .map_err(|refusal| format!("{refusal}\n{PARAMETERS}"))?;
        let proxy = request.headers().get(headers::PROXY);
        Ok(Self {
            format: format(request),
            who: who.unwrap_or(false),
            pace,
            proxy: proxy.and_then(|name| name.to_str().ok()?.parse().ok()),
        })
    }
}

/// Parses the query of a rally.
fn parameters(query: &str) -> Result<(Option<bool>, Option<Pace>), String> {
    let query = Query::<Vec<(String, String)>>::from_query(query);
    let (mut who, mut pace) = (None, None);
    for (name, value) in query.map_err(|_| "not a query")?.into_inner() {
        let is_second = match name.as_str() {
            "who" => who.replace(parse_who(&value)?).is_some(),
            "pace" => {
                let parsed = value.parse().map_err(|error| format!("pace: {error}"))?;
                pace.replace(parsed).is_some()
            }
            _ => return Err(format!("unknown parameter '{}'", name.escape_debug())),
        };
        if is_second {
            return Err(format!("{name}: given more than once"));
        }
    }
    Ok((who, pace))
}

/// Parses the value of `who`, which needs none.
fn parse_who(value: &str) -> Result<bool, String> {
    match value {
        "" | "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err(format!("who: '{}' is neither true nor false", value.escape_debug())),
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
        assert_eq!(refusal, format!("pace: 6s is out of range (0s to 5s)\n{PARAMETERS}"));
        assert!(parse("/?pace=abc", "").is_err());
        let request = parse("/?who&pace=5s", "").expect("valid");
        assert!(request.who && request.pace.is_some());
    }

    #[test]
    fn who_can_be_denied() {
        for (query, who) in [
            ("/", false),
            ("/?who", true),
            ("/?who=", true),
            ("/?who=true", true),
            ("/?who=false", false),
            ("/?who=0", false),
        ] {
            assert_eq!(parse(query, "").map(|request| request.who), Ok(who), "{query}");
        }
    }

    #[test]
    fn what_is_unknown_or_given_twice_is_refused_by_name() {
        for (query, expected) in [
            ("/?pase=300ms", "unknown parameter 'pase'"),
            ("/?who&Pace=1s", "unknown parameter 'Pace'"),
            ("/?%1b[2J", "unknown parameter '\\u{1b}[2J'"),
            ("/?=1", "unknown parameter ''"),
            ("/?pace=1ms&pace=2ms", "pace: given more than once"),
            ("/?who&who", "who: given more than once"),
            ("/?who=perhaps", "who: 'perhaps' is neither true nor false"),
        ] {
            let refusal = parse(query, "").expect_err(query);
            assert_eq!(refusal, format!("{expected}\n{PARAMETERS}"));
        }
    }

    #[test]
    fn an_invalid_proxy_header_is_ignored() {
        let request = TestRequest::default().insert_header((headers::PROXY, "<script>"));
        let parsed = RallyRequest::parse(&request.to_http_request());
        assert_eq!(parsed.map(|request| request.proxy), Ok(None));
    }
}
