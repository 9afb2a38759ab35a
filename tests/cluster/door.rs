//! What a proxy does to a request on its way in and to an answer on its way out.

use tokio::sync::mpsc;

use crate::http::{Connection, ask, get};
use crate::stranger::{Stranger, Then, ok, whole};
use crate::table::{Service, proxy};

fn door(managers: &[&Stranger]) -> Service {
    let managers: Vec<_> = managers.iter().map(|manager| manager.address).collect();
    proxy("proxy.1@pi7", &managers, &[])
}

/// Returns the values of a header in a request's head.
fn values<'a>(head: &'a str, name: &str) -> Vec<&'a str> {
    let headers = head.lines().filter_map(|line| line.split_once(": "));
    headers.filter(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
}

#[tokio::test]
async fn method_query_and_headers_go_through_and_who_asked_is_added() {
    let manager = Stranger::says(ok("told\n"), Then::Stays).await;
    let door = door(&[&manager]);
    let headers = [
        "Accept: application/json",
        "Cookie: a=1",
        "Cookie: b=2",
        "X-Mine: 1",
        "X-Forwarded-For: 198.51.100.7",
        "Forwarded: for=198.51.100.7",
    ];
    ask(door.listen, "DELETE", "/rally?who&pace=0", &headers).await.expect("an answer");
    let heard = manager.heard().pop().expect("a request");
    assert!(heard.starts_with("DELETE /?who&pace=0 HTTP/1.1\r\n"), "{heard}");
    assert_eq!(values(&heard, "accept"), ["application/json"]);
    assert_eq!(values(&heard, "cookie"), ["a=1", "b=2"]);
    assert_eq!(values(&heard, "x-mine"), ["1"]);
    assert_eq!(values(&heard, "x-forwarded-for"), ["198.51.100.7, 127.0.0.1"]);
    let forwarded = "for=198.51.100.7, for=127.0.0.1;host=\"test\";proto=http";
    assert_eq!(values(&heard, "forwarded"), [forwarded]);
    assert_eq!(values(&heard, "host"), [manager.address.to_string()]);
    assert_eq!(values(&heard, "pong-proxy"), ["pi7"]);
}

#[tokio::test]
async fn what_belongs_to_the_clients_connection_stays_outside() {
    let manager = Stranger::says(ok("told\n"), Then::Stays).await;
    let door = door(&[&manager]);
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
    get(door.listen, "/", &headers).await;
    let heard = manager.heard().pop().expect("a request");
    for header in headers {
        let (name, _) = header.split_once(':').expect("a header");
        let values = values(&heard, name);
        assert!(values.is_empty() || (name == "Pong-Proxy" && values == ["pi7"]), "{heard}");
    }
    assert!(!heard.contains("evil") && !heard.contains("X-Hop"), "{heard}");
}

#[tokio::test]
async fn status_and_headers_come_back_without_those_of_the_managers_connection() {
    let answer = "HTTP/1.1 418 I'm a teapot\r\nContent-Type: text/tea\r\nX-Own: 1\r\n\
        Set-Cookie: a=1\r\nSet-Cookie: b=2\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n\
        Keep-Alive: timeout=5\r\nProxy-Authenticate: Basic\r\nUpgrade: h2c\r\nTrailer: X-End\r\n\
        Pong-Rally: 5eed-1\r\nPong-Manager: manager.1@pi3\r\nTransfer-Encoding: chunked\r\n\r\n\
        4\r\ntold\r\n0\r\n\r\n";
    let manager = Stranger::says(answer, Then::Stays).await;
    let door = door(&[&manager]);
    let answer = get(door.listen, "/", &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (418, "told"));
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
async fn a_manager_that_dies_before_anything_was_sent_costs_the_client_nothing() {
    let dying = Stranger::serve(|_| {
        let half = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nd\r\nPING --> HIT\n\r\n";
        (whole(half), Then::Resets)
    });
    let (dying, living) = (dying.await, Stranger::says(ok("told\n"), Then::Stays).await);
    let door = door(&[&dying, &living]);
    for _ in 0..4 {
        let answer = get(door.listen, "/", &[]).await;
        assert_eq!((answer.status, answer.body.as_str()), (200, "told\n"));
    }
    assert!(!dying.heard().is_empty());
    let metrics = get(door.admin, "/metrics", &[]).await.body;
    assert!(
        metrics.contains("pong_proxy_faults_total{upstream=\"manager\",cause=\"reset\"}"),
        "{metrics}"
    );
}

#[tokio::test]
async fn a_manager_that_refuses_for_now_leaves_the_request_to_another() {
    let full =
        "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 5\r\n\r\nfull\n";
    let (full, living) =
        (Stranger::says(full, Then::Stays).await, Stranger::says(ok("told\n"), Then::Stays).await);
    let both = door(&[&full, &living]);
    for _ in 0..4 {
        assert_eq!(get(both.listen, "/", &[]).await.body, "told\n");
    }
    let alone = door(&[&full]);
    let answer = get(alone.listen, "/", &[]).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "1"));
    assert_eq!(answer.body, "full\n");
}

#[tokio::test]
async fn an_answer_that_breaks_off_after_it_was_begun_is_seen_to_be_broken() {
    let (go_on, more) = mpsc::channel::<Vec<u8>>(4);
    let more = std::sync::Mutex::new(Some(more));
    let dying = Stranger::serve(move |_| {
        (more.lock().expect("whole").take().expect("one request"), Then::Resets)
    });
    let (dying, living) = (dying.await, Stranger::says(ok("other\n"), Then::Stays).await);
    let door = door(&[&dying]);
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-Accel-Buffering: no\r\n\r\n";
    let line = "d\r\nPING --> HIT\n\r\n";
    go_on.send((head.to_owned() + line).into()).await.expect("open");
    let mut client = Connection::open(door.listen).await.expect("connected");
    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n").await.expect("sent");
    assert_eq!(client.head().await.expect("an answer").status, 200);
    assert_eq!(client.piece().await.expect("a line").as_deref(), Some("PING --> HIT\n"));
    drop(go_on);
    client.piece().await.expect_err("no end, and nothing of another rally");
    assert_eq!(living.heard(), [""; 0]);
}
