//! What a proxy does to a request on its way in and to a response on its way out.

use std::time::Duration;

use protocol::timing::BUFFER_TIME;
use tokio::sync::mpsc;

use super::scripted_peer::{AfterBytes, ScriptedPeer, ok, one_piece};
use crate::support::http::{Connection, ask, get};
use crate::support::services::{Service, proxy};

fn proxy_of(managers: &[&ScriptedPeer]) -> Service {
    let managers: Vec<_> = managers.iter().map(|manager| manager.address).collect();
    proxy("proxy.1@pi7", &managers, &[])
}

/// Returns the values of a header in a request's head.
fn values<'a>(head: &'a str, name: &str) -> Vec<&'a str> {
    let headers = head.lines().filter_map(|line| line.split_once(": "));
    headers.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
}

#[tokio::test]
async fn query_and_headers_are_forwarded_and_the_client_is_added() {
    let manager = ScriptedPeer::sending(ok("rally\n"), AfterBytes::Stay).await;
    let proxy = proxy_of(&[&manager]);
    let headers = [
        "Accept: application/json",
        "Cookie: a=1",
        "Cookie: b=2",
        "X-Mine: 1",
        "X-Forwarded-For: 198.51.100.7",
        "Forwarded: for=198.51.100.7",
    ];
    get(proxy.listen, "/rally?who&pace=0", &headers).await;
    let request = manager.requests().pop().expect("a request");
    assert!(request.starts_with("GET /?who&pace=0 HTTP/1.1\r\n"), "{request}");
    assert_eq!(values(&request, "accept"), ["application/json"]);
    assert_eq!(values(&request, "cookie"), ["a=1", "b=2"]);
    assert_eq!(values(&request, "x-mine"), ["1"]);
    assert_eq!(values(&request, "x-forwarded-for"), ["198.51.100.7, 127.0.0.1"]);
    let forwarded = "for=198.51.100.7, for=127.0.0.1;host=\"test\";proto=http";
    assert_eq!(values(&request, "forwarded"), [forwarded]);
    assert_eq!(values(&request, "host"), [manager.address.to_string()]);
    assert_eq!(values(&request, "pong-proxy"), ["pi7"]);
}

#[tokio::test]
async fn the_method_is_forwarded() {
    let scoreboard = ScriptedPeer::sending(ok("{}"), AfterBytes::Stay).await;
    let proxy = proxy("proxy.1@pi7", &[], &[scoreboard.address]);
    ask(proxy.listen, "HEAD", "/score?a", &[]).await.expect("a response");
    let request = scoreboard.requests().pop().expect("a request");
    assert!(request.starts_with("HEAD /score?a HTTP/1.1\r\n"), "{request}");
}

#[tokio::test]
async fn headers_of_the_clients_connection_are_not_forwarded() {
    let manager = ScriptedPeer::sending(ok("rally\n"), AfterBytes::Stay).await;
    let proxy = proxy_of(&[&manager]);
    let headers = [
        "Connection: keep-alive, X-Hop",
        "X-Hop: 1",
        "Keep-Alive: timeout=5",
        "TE: trailers",
        "Trailer: X-End",
        "Upgrade: websocket",
        "Proxy-Authorization: Basic c2VjcmV0",
        "Proxy-Connection: keep-alive",
        "Pong-Proxy: evil",
        "Pong-Rally: evil",
        "Pong-Player: evil",
        "Pong-Manager: evil",
    ];
    get(proxy.listen, "/", &headers).await;
    let request = manager.requests().pop().expect("a request");
    for header in headers {
        let (name, _) = header.split_once(':').expect("a header");
        let values = values(&request, name);
        assert!(values.is_empty() || (name == "Pong-Proxy" && values == ["pi7"]), "{request}");
    }
    assert!(!request.contains("evil") && !request.contains("X-Hop"), "{request}");
}

#[tokio::test]
async fn status_and_headers_are_returned_without_those_of_the_managers_connection() {
    let answer = "HTTP/1.1 418 I'm a teapot\r\nContent-Type: text/tea\r\nX-Own: 1\r\n\
        Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n\
        Keep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nUpgrade: h2c\r\nTrailer: X-End\r\n\
        Pong-Rally: 5eed-1\r\nPong-Manager: manager.1@pi3\r\nTransfer-Encoding: chunked\r\n\r\n\
        5\r\nrally\r\n0\r\n\r\n";
    let manager = ScriptedPeer::sending(answer, AfterBytes::Stay).await;
    let proxy = proxy_of(&[&manager]);
    let answer = get(proxy.listen, "/", &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (418, "rally"));
    for (name, value) in [
        ("content-type", "text/tea"),
        ("x-own", "1"),
        ("pong-rally", "5eed-1"),
        ("pong-manager", "manager.1@pi3"),
        ("pong-proxy", "pi7"),
    ] {
        assert_eq!(answer.header(name), value, "{name}");
    }
    let cookies = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    assert_eq!(cookies.map(|(_, value)| value.as_str()).collect::<Vec<_>>(), ["a=1", "b=2"]);
    for name in ["connection", "x-hop", "keep-alive", "proxy-authenticate", "upgrade", "trailer"] {
        assert_eq!(answer.header(name), "", "{name}");
    }
}

#[tokio::test]
async fn a_manager_that_dies_before_anything_was_sent_costs_no_rally() {
    let dying = ScriptedPeer::serve(|_| {
        let half = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nd\r\nPING --> HIT\n\r\n";
        (one_piece(half), AfterBytes::Reset)
    });
    let dying = dying.await;
    let living = ScriptedPeer::sending(ok("rally\n"), AfterBytes::Stay).await;
    let proxy = proxy_of(&[&dying, &living]);
    for _ in 0..4 {
        let answer = get(proxy.listen, "/", &[]).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "rally\n"));
    }
    assert!(!dying.requests().is_empty());
    let metrics = get(proxy.admin, "/metrics", &[]).await.body;
    assert!(
        metrics.contains("pong_upstream_faults_total{upstream=\"manager\",cause=\"reset\"}"),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_manager_that_dies_soon_after_a_late_head_costs_no_rally() {
    let dying = ScriptedPeer::serve(|_| {
        let (sender, pieces) = mpsc::channel(1);
        tokio::spawn(async move {
            tokio::time::sleep(BUFFER_TIME + Duration::from_millis(50)).await;
            let half =
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nd\r\nPING --> HIT\n\r\n";
            sender.send(half.into()).await
        });
        (pieces, AfterBytes::Reset)
    });
    let dying = dying.await;
    let living = ScriptedPeer::sending(ok("rally\n"), AfterBytes::Stay).await;
    let proxy = proxy_of(&[&dying, &living]);
    for _ in 0..2 {
        let answer = get(proxy.listen, "/", &[]).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "rally\n"));
    }
    assert!(!dying.requests().is_empty());
}

#[tokio::test]
async fn a_manager_at_its_limit_leaves_the_request_to_another() {
    let full =
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 5\r\n\r\nfull\n";
    let full = ScriptedPeer::sending(full, AfterBytes::Stay).await;
    let living = ScriptedPeer::sending(ok("rally\n"), AfterBytes::Stay).await;
    let both = proxy_of(&[&full, &living]);
    for _ in 0..4 {
        assert_eq!(get(both.listen, "/", &[]).await.body, "rally\n");
    }
    let one = proxy_of(&[&full]);
    let answer = get(one.listen, "/", &[]).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "1"));
    assert_eq!(answer.body, "full\n");
}

#[tokio::test]
async fn a_response_that_breaks_off_after_it_was_started_is_seen_to_be_broken() {
    let (pieces, more) = mpsc::channel::<Vec<u8>>(4);
    let more = parking_lot::Mutex::new(Some(more));
    let dying =
        ScriptedPeer::serve(move |_| (more.lock().take().expect("one request"), AfterBytes::Reset));
    let dying = dying.await;
    let other = ScriptedPeer::sending(ok("other\n"), AfterBytes::Stay).await;
    let proxy = proxy_of(&[&dying]);
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Accel-Buffering: no\r\n\r\n";
    let line = "d\r\nPING --> HIT\n\r\n";
    pieces.send((head.to_owned() + line).into()).await.expect("open");
    let mut client = Connection::open(proxy.listen).await.expect("connected");
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n").await.expect("sent");
    assert_eq!(client.head().await.expect("a response").status, 200);
    assert_eq!(client.piece().await.expect("a line").as_deref(), Some("PING --> HIT\n"));
    drop(pieces);
    client.piece().await.expect_err("no end, and nothing of another rally");
    assert_eq!(other.requests(), [""; 0]);
}
