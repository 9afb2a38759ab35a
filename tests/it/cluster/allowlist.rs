//! Whatever a client sends, a proxy reaches its two upstreams and nothing else.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::scripted_peer::{AfterBytes, ScriptedPeer, ok};
use crate::support::http::get;
use crate::support::services::proxy;

/// Sends bytes and returns whatever comes back until the connection ends or falls silent.
async fn send(proxy: std::net::SocketAddr, bytes: &[u8]) -> String {
    let mut connection = TcpStream::connect(proxy).await.expect("connected");
    // A proxy may have closed already.
    let _ = connection.write_all(bytes).await;
    let mut answer = Vec::new();
    let silence = Duration::from_millis(200);
    while let Ok(Ok(1..)) = timeout(silence, connection.read_buf(&mut answer)).await {}
    String::from_utf8_lossy(&answer).into_owned()
}

/// Requests that try to lead elsewhere; DECOY stands for an address they must not reach.
const LURES: [&str; 28] = [
    "GET http://DECOY/ HTTP/1.1\r\nHost: DECOY\r\n\r\n",
    "GET http://DECOY/metrics HTTP/1.1\r\nHost: proxy\r\n\r\n",
    "GET http://user@DECOY/rally HTTP/1.1\r\nHost: proxy\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: DECOY\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: proxy\r\nHost: DECOY\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: proxy@DECOY\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "CONNECT DECOY HTTP/1.1\r\nHost: DECOY\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: proxy\r\n\r\n",
    "GET //DECOY/ HTTP/1.1\r\nHost: proxy\r\n\r\n",
    "GET @DECOY/ HTTP/1.1\r\nHost: proxy\r\n\r\n",
    "GET /@DECOY HTTP/1.1\r\nHost: proxy\r\n\r\n",
    "GET /rally@DECOY/ HTTP/1.1\r\nHost: proxy\r\n\r\n",
    "GET /rally?@DECOY/../metrics HTTP/1.1\r\nHost: proxy\r\n\r\n",
    "GET /rally#@DECOY/ HTTP/1.1\r\nHost: proxy\r\n\r\n",
    "GET /probes HTTP/1.1\r\nHost: proxy\r\n\r\n",
    "POST /probe HTTP/1.1\r\nHost: proxy\r\nContent-Length: 0\r\n\r\n",
    "GET /../metrics HTTP/1.1\r\nHost: proxy\r\n\r\n",
    "GET /page/../metrics HTTP/1.1\r\nHost: proxy\r\n\r\n",
    "GET /page/%2e%2e/metrics HTTP/1.1\r\nHost: proxy\r\n\r\n",
    "GET /page/..%2fmetrics HTTP/1.1\r\nHost: proxy\r\n\r\n",
    "GET /page/..\\metrics HTTP/1.1\r\nHost: proxy\r\n\r\n",
    "GET /%2e/metrics HTTP/1.1\r\nHost: proxy\r\n\r\n",
    "GET /metrics HTTP/1.1\r\nHost: proxy\r\nX-Original-URL: /metrics\r\nX-Rewrite-URL: /metrics\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: proxy\r\nX-Forwarded-Host: DECOY\r\nForwarded: host=DECOY\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: proxy\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "GET /rally%20HTTP/1.1%0d%0aHost:%20DECOY HTTP/1.1\r\nHost: proxy\r\n\r\n",
    "GET /score/../../ HTTP/1.1\r\nHost: proxy\r\n\r\n",
];

/// Requests whose body is another request, for a server that reads one length or the other.
const SMUGGLED: [&str; 4] = [
    "POST / HTTP/1.1\r\nHost: proxy\r\nContent-Length: 33\r\n\r\nGET /metrics HTTP/1.1\r\nHost: in\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: proxy\r\nTransfer-Encoding: chunked\r\n\r\n\
     21\r\nGET /metrics HTTP/1.1\r\nHost: in\r\n\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: proxy\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n\
     21\r\nGET /metrics HTTP/1.1\r\nHost: in\r\n\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: proxy\r\nContent-Length: 4\r\nContent-Length: 33\r\n\r\n\
     GET /metrics HTTP/1.1\r\nHost: in\r\n\r\n",
];

#[tokio::test]
async fn nothing_leads_a_proxy_anywhere_but_to_its_upstreams() {
    let decoy = ScriptedPeer::sending(ok("decoy"), AfterBytes::Stay).await;
    let manager = ScriptedPeer::sending(ok("rally"), AfterBytes::Stay).await;
    let scoreboard = ScriptedPeer::sending(ok("page"), AfterBytes::Stay).await;
    let proxy = proxy("proxy.1@pi1", &[manager.address], &[scoreboard.address]);
    for request in LURES.iter().chain(&SMUGGLED) {
        let request = request.replace("DECOY", &decoy.address.to_string());
        let answer = send(proxy.listen, request.as_bytes()).await;
        assert!(!answer.contains("decoy"), "{request}: {answer}");
    }
    assert_eq!(decoy.requests(), [""; 0]);

    // What did get through asks for a rally, or for what a scoreboard shows to everybody.
    for (upstream, allowed) in
        [(&manager, &["/"][..]), (&scoreboard, &["/", "/score", "/paths", "/timeline", "/events"])]
    {
        for head in upstream.requests() {
            let target = head.split(' ').nth(1).expect("a target");
            let path = target.split('?').next().expect("a path");
            assert!(allowed.contains(&path), "{head}");
            assert!(head.contains(&format!("host: {}\r\n", upstream.address)), "{head}");
            assert!(!head.to_ascii_lowercase().contains("upgrade"), "{head}");
        }
    }
    // Each request once, and nothing that was in a body.
    let requests = manager.requests();
    assert!(requests.len() <= LURES.len() + SMUGGLED.len(), "{}", requests.len());
    assert!(requests.iter().all(|head| !head.contains("content-length: ")), "{requests:?}");

    let answer = get(proxy.listen, "/", &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "rally"), "and it still serves");
}

#[tokio::test]
async fn each_path_goes_to_its_upstream() {
    let manager = ScriptedPeer::sending(ok("rally"), AfterBytes::Stay).await;
    let scoreboard = ScriptedPeer::sending(ok("page"), AfterBytes::Stay).await;
    let proxy = proxy("proxy.1@pi1", &[manager.address], &[scoreboard.address]);
    let html = "Accept: text/html,application/xhtml+xml,*/*;q=0.8";
    for (path, accept, body, at) in [
        ("/", "Accept: */*", "rally", "/"),
        ("/", "Accept: application/json", "rally", "/"),
        ("/", html, "page", "/"),
        ("/rally", html, "rally", "/"),
        ("/rally?who", html, "rally", "/?who"),
        ("/score", "Accept: */*", "page", "/score"),
        ("/paths", "Accept: */*", "page", "/paths"),
        ("/events", "Accept: */*", "page", "/events"),
        ("/page/court.js", "Accept: */*", "page", "/page/court.js"),
    ] {
        assert_eq!(get(proxy.listen, path, &[accept]).await.body, body, "{path} {accept}");
        let requests = if body == "rally" { manager.requests() } else { scoreboard.requests() };
        let last = requests.last().expect("a request");
        assert!(last.starts_with(&format!("GET {at} HTTP/1.1\r\n")), "{last}");
    }
}

#[tokio::test]
async fn an_oversized_head_is_refused_and_others_are_still_served() {
    let manager = ScriptedPeer::sending(ok("rally"), AfterBytes::Stay).await;
    let proxy = proxy("proxy.1@pi1", &[manager.address], &[]);
    let long = "x".repeat(1 << 20);
    for request in [
        format!("GET /{long} HTTP/1.1\r\nHost: proxy\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: proxy\r\nX-Long: {long}\r\n\r\n"),
        long,
    ] {
        let answer = send(proxy.listen, request.as_bytes()).await;
        assert!(!answer.contains("200 OK"), "{}", &answer[..40]);
    }
    assert_eq!(manager.requests(), [""; 0]);
    assert_eq!(get(proxy.listen, "/", &[]).await.body, "rally");
}
