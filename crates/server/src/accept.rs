//! What a request accepts (RFC 9110, section 12.5.1).

use std::cmp::Reverse;

use actix_web::HttpRequest;
use actix_web::http::header::{ACCEPT, Accept, Header, Quality};

/// Returns the index of the offered media type that a client prefers; the first if it has no
/// preference, or accepts none of them.
///
/// Of types with the same quality the one that the client names first is preferred. A quality of 0
/// means that the type is not acceptable.
#[must_use]
pub fn preferred(request: &HttpRequest, offered: &[&str]) -> usize {
    let header = request.headers().get(ACCEPT);
    // The whole header of most clients, and of our own.
    if header.is_none_or(|value| value == "*/*") {
        return 0;
    }
    let Ok(accept) = Accept::parse(request) else { return 0 };
    let acceptable = offered.iter().enumerate().filter_map(|(n, kind)| {
        let (quality, place) = best_match(kind, &accept)?;
        (quality > Quality::ZERO).then_some((Reverse(quality), place, n))
    });
    acceptable.min().map_or(0, |(.., n)| n)
}

/// Returns the quality and the place of the most specific range that a type matches.
fn best_match(kind: &str, accept: &Accept) -> Option<(Quality, usize)> {
    let (main, _) = kind.split_once('/')?;
    let matching = accept.iter().enumerate().filter_map(|(place, range)| {
        let specificity = match range.item.essence_str() {
            essence if essence == kind => 2,
            "*/*" => 0,
            _ if range.item.type_() == main && range.item.subtype() == "*" => 1,
            _ => return None,
        };
        // Of several with parameters of their own, the one with the highest quality.
        Some((specificity, range.quality, Reverse(place)))
    });
    matching.max().map(|(_, quality, Reverse(place))| (quality, place))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    const OFFERED: [&str; 3] = ["text/plain", "application/json", "text/html"];

    fn preferred_by(accept: &str) -> &'static str {
        let request = TestRequest::default().insert_header((ACCEPT, accept)).to_http_request();
        OFFERED[preferred(&request, &OFFERED)]
    }

    #[test]
    fn the_first_type_is_the_default() {
        for accept in ["*/*", "", "image/png", "text/*", "nonsense", "text/html;q=0"] {
            assert_eq!(preferred_by(accept), "text/plain", "{accept}");
        }
        assert_eq!(preferred(&TestRequest::default().to_http_request(), &OFFERED), 0);
    }

    #[test]
    fn qualities_decide_and_then_the_order_in_the_header() {
        for (accept, expected) in [
            ("application/json", "application/json"),
            ("application/json, text/html", "application/json"),
            ("text/html, application/json", "text/html"),
            ("application/json;q=0.5, text/html;q=0.9", "text/html"),
            ("application/json;q=0, */*", "text/plain"),
            ("text/plain;q=0, */*;q=0.1", "application/json"),
            ("application/json;charset=utf-8", "application/json"),
            ("text/*, application/json;q=0.9", "text/plain"),
            ("text/html;level=1;q=0.2, text/html;q=0.8, text/plain;q=0.5", "text/html"),
        ] {
            assert_eq!(preferred_by(accept), expected, "{accept}");
        }
    }

    #[test]
    fn browsers_prefer_html() {
        let chromium = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,\
            image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7";
        assert_eq!(preferred_by(chromium), "text/html");
    }
}
