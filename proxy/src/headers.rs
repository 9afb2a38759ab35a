//! Which headers the proxy passes on, and which it adds.

use actix_web::HttpRequest;
use actix_web::http::header::{self as inbound, HeaderMap as Inbound};
use hyper::header::{HeaderMap, HeaderName, HeaderValue};
use protocol::headers::{self, FROM};
use protocol::name::is_name_char;

/// Headers that belong to one connection and are never passed on (RFC 9110, section 7.6.1), with
/// those that frame a message on each connection (RFC 9112, section 6) and the host, which the
/// client of the next connection sets itself.
const HOP_BY_HOP: [&str; 12] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Returns the headers of a client's request that are passed on, with those that name the client and
/// this proxy.
pub(crate) fn request(request: &HttpRequest, node: &str) -> HeaderMap {
    let from = request.headers();
    let named: Vec<&str> = header_values(from, inbound::CONNECTION.as_str()).collect();
    let mut to = HeaderMap::with_capacity(from.len() + 3);
    for (name, value) in from {
        // Clients must not pass for a proxy, nor name a rally.
        let ours = name.as_str().starts_with("pong-");
        if !ours && !is_hop_by_hop(name.as_str(), &named) {
            copy(&mut to, name.as_str(), value.as_bytes());
        }
    }
    if let Some(peer) = request.peer_addr() {
        let ip = peer.ip().to_canonical();
        let text = ip.to_string();
        let forwarded = forwarded(&text, ip.is_ipv6(), header_values(from, "host").next());
        add_to_list(&mut to, "forwarded", &forwarded);
        add_to_list(&mut to, "x-forwarded-for", &text);
    }
    copy(&mut to, headers::PROXY, node.as_bytes());
    to
}

/// Returns the headers of an upstream's response that are passed on, by name and value.
pub(crate) fn response(from: &HeaderMap) -> impl Iterator<Item = (&str, &[u8])> {
    let connection = from.get_all("connection").iter().filter_map(|value| value.to_str().ok());
    let named: Vec<&str> = connection.collect();
    from.iter()
        .filter(|(name, _)| name.as_str() != FROM)
        .filter(move |(name, _)| !is_hop_by_hop(name.as_str(), &named))
        .map(|(name, value)| (name.as_str(), value.as_bytes()))
}

/// Returns whether a header is not passed on: by the list, or because `Connection` names it.
fn is_hop_by_hop(name: &str, named: &[&str]) -> bool {
    let mut named = named.iter().flat_map(|value| value.split(','));
    HOP_BY_HOP.contains(&name) || named.any(|named| named.trim().eq_ignore_ascii_case(name))
}

fn header_values<'a>(from: &'a Inbound, name: &'a str) -> impl Iterator<Item = &'a str> {
    from.get_all(name).filter_map(|value| value.to_str().ok())
}

fn copy(to: &mut HeaderMap, name: &str, value: &[u8]) {
    // Both sides hold headers to the same grammar, so neither conversion fails.
    if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value)) {
        to.append(name, value);
    }
}

/// Appends to a header that lists the proxies passed, after those already there.
fn add_to_list(to: &mut HeaderMap, name: &'static str, value: &str) {
    let before: Vec<&[u8]> = to.get_all(name).iter().map(HeaderValue::as_bytes).collect();
    let mut list = before.join(&b", "[..]);
    if !list.is_empty() {
        list.extend_from_slice(b", ");
    }
    list.extend_from_slice(value.as_bytes());
    if let Ok(list) = HeaderValue::from_bytes(&list) {
        to.insert(name, list);
    }
}

/// Returns one element of `Forwarded` (RFC 7239, section 4). IPv6 addresses are bracketed and quoted;
/// the host is quoted, and omitted if it is invalid.
fn forwarded(ip: &str, v6: bool, host: Option<&str>) -> String {
    let (open, close) = if v6 { ("\"[", "]\"") } else { ("", "") };
    let peer = format!("{open}{ip}{close}");
    let is_host_char = |c: char| is_name_char(c) || matches!(c, ':' | '[' | ']');
    match host.filter(|host| host.chars().all(is_host_char)) {
        Some(host) => format!("for={peer};host=\"{host}\";proto=http"),
        None => format!("for={peer};proto=http"),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn passed_on(from: TestRequest) -> HeaderMap {
        request(&from.to_http_request(), "pi2")
    }

    fn values<'a>(headers: &'a HeaderMap, name: &str) -> Vec<&'a str> {
        headers.get_all(name).iter().map(|value| value.to_str().expect("text")).collect()
    }

    #[test]
    fn hop_by_hop_headers_are_dropped_and_all_others_are_passed_on() {
        let headers = passed_on(
            TestRequest::default()
                .append_header(("accept", "text/plain"))
                .append_header(("connection", "close, X-Mine"))
                .append_header(("connection", "x-also-mine"))
                .append_header(("x-mine", "1"))
                .append_header(("x-also-mine", "1"))
                .append_header(("te", "trailers"))
                .append_header(("upgrade", "websocket"))
                .append_header(("proxy-authorization", "secret"))
                .append_header(("cookie", "a=1"))
                .append_header(("cookie", "b=2")),
        );
        assert_eq!(values(&headers, "accept"), ["text/plain"]);
        assert_eq!(values(&headers, "cookie"), ["a=1", "b=2"]);
        let names = ["connection", "x-mine", "x-also-mine", "te", "upgrade", "proxy-authorization"];
        assert!(names.iter().all(|name| !headers.contains_key(*name)), "{headers:?}");
    }

    #[test]
    fn the_client_is_appended_to_the_proxies_already_listed() {
        let peer = "192.0.2.7:4711".parse().expect("an address");
        let headers = passed_on(
            TestRequest::default()
                .peer_addr(peer)
                .insert_header(("host", "pi1:3000"))
                .insert_header(("x-forwarded-for", "198.51.100.1"))
                .insert_header(("forwarded", "for=198.51.100.1")),
        );
        assert_eq!(values(&headers, "x-forwarded-for"), ["198.51.100.1, 192.0.2.7"]);
        let expected = "for=198.51.100.1, for=192.0.2.7;host=\"pi1:3000\";proto=http";
        assert_eq!(values(&headers, "forwarded"), [expected]);
    }

    #[test]
    fn ipv6_clients_are_quoted_and_invalid_hosts_omitted() {
        let peer = "[2001:db8::7]:4711".parse().expect("an address");
        let request = TestRequest::default().peer_addr(peer).insert_header(("host", "a\"b"));
        let headers = passed_on(request);
        assert_eq!(values(&headers, "forwarded"), ["for=\"[2001:db8::7]\";proto=http"]);
    }

    #[test]
    fn pong_headers_from_clients_are_dropped() {
        let headers = passed_on(
            TestRequest::default()
                .insert_header(("pong-proxy", "pi9"))
                .insert_header(("pong-rally", "mine")),
        );
        assert_eq!(values(&headers, "pong-proxy"), ["pi2"]);
        assert!(!headers.contains_key("pong-rally"));
    }
}
