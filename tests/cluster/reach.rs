//! Whatever a stranger sends, a proxy reaches its two upstreams and nothing else.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::http::get;
use crate::stranger::{Stranger, Then, ok};
use crate::table::proxy;

/// Sends bytes and returns whatever comes back until the connection ends or falls silent.
async fn send(door: std::net::SocketAddr, bytes: &[u8]) -> String {
    let mut connection = TcpStream::connect(door).await.expect("connected");
    // A proxy may have closed on what it did not like.
    let _ = connection.write_all(bytes).await;
    let mut answer = Vec::new();
    let silence = Duration::from_millis(200);
    while let Ok(Ok(1..)) = timeout(silence, connection.read_buf(&mut answer)).await {}
    String::from_utf8_lossy(&answer).into_owned()
}

/// Requests that try to lead elsewhere; DECOY stands for an address they must not reach.
const LURES: [&str; 28] = [
    "GET http://DECOY/ HTTP/1.1\r\nHost: DECOY\r\n\r\n",
    "GET http://DECOY/metrics HTTP/1.1\r\nHost: door\r\n\r\n",
    "GET http://user@DECOY/rally HTTP/1.1\r\nHost: door\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: DECOY\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: door\r\nHost: DECOY\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: door@DECOY\r\n\r\n",
    "GET / HTTP/1.0\r\n\r\n",
    "CONNECT DECOY HTTP/1.1\r\nHost: DECOY\r\n\r\n",
    "OPTIONS * HTTP/1.1\r\nHost: door\r\n\r\n",
    "GET //DECOY/ HTTP/1.1\r\nHost: door\r\n\r\n",
    "GET @DECOY/ HTTP/1.1\r\nHost: door\r\n\r\n",
    "GET /@DECOY HTTP/1.1\r\nHost: door\r\n\r\n",
    "GET /rally@DECOY/ HTTP/1.1\r\nHost: door\r\n\r\n",
    "GET /rally?@DECOY/../metrics HTTP/1.1\r\nHost: door\r\n\r\n",
    "GET /rally#@DECOY/ HTTP/1.1\r\nHost: door\r\n\r\n",
    "GET /knock-up HTTP/1.1\r\nHost: door\r\n\r\n",
    "POST /knock HTTP/1.1\r\nHost: door\r\nContent-Length: 0\r\n\r\n",
    "GET /../metrics HTTP/1.1\r\nHost: door\r\n\r\n",
    "GET /page/../metrics HTTP/1.1\r\nHost: door\r\n\r\n",
    "GET /page/%2e%2e/metrics HTTP/1.1\r\nHost: door\r\n\r\n",
    "GET /page/..%2fmetrics HTTP/1.1\r\nHost: door\r\n\r\n",
    "GET /page/..\\metrics HTTP/1.1\r\nHost: door\r\n\r\n",
    "GET /%2e/metrics HTTP/1.1\r\nHost: door\r\n\r\n",
    "GET /metrics HTTP/1.1\r\nHost: door\r\nX-Original-URL: /metrics\r\nX-Rewrite-URL: /metrics\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: door\r\nX-Forwarded-Host: DECOY\r\nForwarded: host=DECOY\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: door\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "GET /rally%20HTTP/1.1%0d%0aHost:%20DECOY HTTP/1.1\r\nHost: door\r\n\r\n",
    "GET /score/../../ HTTP/1.1\r\nHost: door\r\n\r\n",
];

/// Requests whose body is another request, for whoever reads one length or the other.
const SMUGGLED: [&str; 4] = [
    "POST / HTTP/1.1\r\nHost: door\r\nContent-Length: 33\r\n\r\nGET /metrics HTTP/1.1\r\nHost: in\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: door\r\nTransfer-Encoding: chunked\r\n\r\n\
     21\r\nGET /metrics HTTP/1.1\r\nHost: in\r\n\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: door\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n\
     21\r\nGET /metrics HTTP/1.1\r\nHost: in\r\n\r\n\r\n0\r\n\r\n",
    "POST / HTTP/1.1\r\nHost: door\r\nContent-Length: 4\r\nContent-Length: 33\r\n\r\n\
     GET /metrics HTTP/1.1\r\nHost: in\r\n\r\n",
];

#[tokio::test]
async fn nothing_leads_a_proxy_anywhere_but_to_its_upstreams() {
    let decoy = Stranger::says(ok("decoy"), Then::Stays).await;
    let manager = Stranger::says(ok("rally"), Then::Stays).await;
    let scoreboard = Stranger::says(ok("board"), Then::Stays).await;
    let door = proxy("proxy.1@pi1", &[manager.address], &[scoreboard.address]);
    for request in LURES.iter().chain(&SMUGGLED) {
        let request = request.replace("DECOY", &decoy.address.to_string());
        let answer = send(door.listen, request.as_bytes()).await;
        assert!(!answer.contains("decoy"), "{request}: {answer}");
    }
    assert_eq!(decoy.heard(), [""; 0]);

    // What did get through asks for a rally, or for what a scoreboard shows to all.
    for (upstream, allowed) in
        [(&manager, &["/"][..]), (&scoreboard, &["/", "/score", "/paths", "/events"])]
    {
        for head in upstream.heard() {
            let target = head.split(' ').nth(1).expect("a target");
            let path = target.split('?').next().expect("a path");
            assert!(allowed.contains(&path), "{head}");
            assert!(head.contains(&format!("host: {}\r\n", upstream.address)), "{head}");
            assert!(!head.to_ascii_lowercase().contains("upgrade"), "{head}");
        }
    }
    // Each request once, and nothing that came in a body.
    let heard = manager.heard();
    assert!(heard.len() <= LURES.len() + SMUGGLED.len(), "{}", heard.len());
    assert!(heard.iter().all(|head| !head.contains("content-length: ")), "{heard:?}");

    let answer = get(door.listen, "/", &[]).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "rally"), "and it still serves");
}

#[tokio::test]
async fn each_path_goes_to_its_upstream() {
    let manager = Stranger::says(ok("rally"), Then::Stays).await;
    let scoreboard = Stranger::says(ok("board"), Then::Stays).await;
    let door = proxy("proxy.1@pi1", &[manager.address], &[scoreboard.address]);
    let html = "Accept: text/html,application/xhtml+xml,*/*;q=0.8";
    for (path, accept, body, at) in [
        ("/", "Accept: */*", "rally", "/"),
        ("/", "Accept: application/json", "rally", "/"),
        ("/", html, "board", "/"),
        ("/rally", html, "rally", "/"),
        ("/rally?who", html, "rally", "/?who"),
        ("/score", "Accept: */*", "board", "/score"),
        ("/paths", "Accept: */*", "board", "/paths"),
        ("/events", "Accept: */*", "board", "/events"),
        ("/page/court.js", "Accept: */*", "board", "/page/court.js"),
    ] {
        assert_eq!(get(door.listen, path, &[accept]).await.body, body, "{path} {accept}");
        let heard = if body == "rally" { manager.heard() } else { scoreboard.heard() };
        let last = heard.last().expect("a request");
        assert!(last.starts_with(&format!("GET {at} HTTP/1.1\r\n")), "{last}");
    }
}

#[tokio::test]
async fn a_head_as_long_as_a_novel_is_refused_and_costs_the_others_nothing() {
    let manager = Stranger::says(ok("rally"), Then::Stays).await;
    let door = proxy("proxy.1@pi1", &[manager.address], &[]);
    let novel = "x".repeat(1 << 20);
    for request in [
        format!("GET /{novel} HTTP/1.1\r\nHost: door\r\n\r\n"),
        format!("GET / HTTP/1.1\r\nHost: door\r\nX-Novel: {novel}\r\n\r\n"),
        novel,
    ] {
        let answer = send(door.listen, request.as_bytes()).await;
        assert!(!answer.contains("200 OK"), "{}", &answer[..40]);
    }
    assert_eq!(manager.heard(), [""; 0]);
    assert_eq!(get(door.listen, "/", &[]).await.body, "rally");
}
