//! What stands between a client and a proxy: monitors, load balancers, other proxies, old clients.

use std::net::SocketAddr;

use crate::support::http::{Connection, Response, ask, get};
use crate::support::services::{Cluster, manager, player, proxy};
use crate::support::wait::until_true;

/// Sends a request as it stands and returns the head of the response and the connection.
async fn send(address: SocketAddr, request: &str) -> (Response, Connection) {
    let mut connection = Connection::open(address).await.expect("connected");
    connection.send(request).await.expect("sent");
    (connection.head().await.expect("a response"), connection)
}

async fn ready(cluster: &Cluster) -> SocketAddr {
    let address = cluster.proxy();
    until_true("a page", async || get(address, "/score", &[]).await.status == 200).await;
    address
}

#[tokio::test]
async fn streams_are_neither_stored_nor_compressed_on_their_way() {
    let cluster = Cluster::start(&["--hit-chance", "0"]);
    let address = ready(&cluster).await;
    for path in ["/events", "/rally?pace=1ms"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n");
        let (response, _) = send(address, &request).await;
        assert_eq!(response.header("cache-control"), "no-store, no-transform", "{path}");
        assert_eq!(response.header("content-encoding"), "identity", "{path}");
    }
    assert_eq!(get(address, "/rally", &[]).await.header("cache-control"), "no-store");
}

#[tokio::test]
async fn a_client_of_http_1_0_gets_no_chunks() {
    let cluster = Cluster::start(&["--hit-chance", "0"]);
    let address = ready(&cluster).await;
    for path in ["/events", "/rally?pace=1ms"] {
        let (response, mut connection) =
            send(address, &format!("GET {path} HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")).await;
        assert_eq!(response.status, 200, "{path}");
        assert_eq!(response.header("transfer-encoding"), "", "{path}");
        assert_eq!(response.header("content-length"), "", "{path}");
        assert_eq!(response.header("connection"), "", "{path}");
        if path == "/events" {
            continue;
        }
        let body = connection.piece().await.expect("it ends").expect("a body");
        assert_eq!(body, "PING --> MISS\nThe winner is PONG\n");
    }
}

#[tokio::test]
async fn an_upgrade_to_h2c_is_neither_taken_nor_offered() {
    let cluster = Cluster::start(&["--hit-chance", "0"]);
    let address = ready(&cluster).await;
    for path in ["/rally", "/rally?pace=1ms", "/score"] {
        let (response, _) = send(
            address,
            &format!(
                "GET {path} HTTP/1.1\r\nHost: test\r\nConnection: Upgrade, HTTP2-Settings\r\n\
                 Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n\r\n"
            ),
        )
        .await;
        assert_eq!((response.status, response.header("upgrade")), (200, ""), "{path}");
        assert!(response.closes(), "{path}: {:?}", response.headers);
    }
}

#[tokio::test]
async fn a_monitor_learns_without_a_rally_whether_a_manager_is_there() {
    let (ping, pong) = (player("ping.1@pi1", "0"), player("pong.1@pi1", "0"));
    let manager = manager("manager.1@pi1", &[ping.listen], &[pong.listen], &[]);
    let proxy = proxy("proxy.1@pi1", &[manager.listen], &[]);
    let health = async |method| ask(proxy.listen, method, "/healthz", &[]).await.expect("complete");
    until_true("a manager", async || health("GET").await.status == 200).await;
    assert_eq!(health("GET").await.body, "ok\n");
    assert_eq!(health("HEAD").await.status, 200);
    let head = async |path| ask(proxy.listen, "HEAD", path, &[]).await.expect("complete");
    for path in ["/", "/rally", "/?pace=5s"] {
        let head = head(path).await;
        assert_eq!((head.status, head.header("content-length")), (200, ""), "{path}");
        assert_eq!(head.header("content-type"), "text/plain; charset=utf-8", "{path}");
    }

    let played = get(manager.admin, "/metrics", &[]).await.body;
    assert!(played.contains("pong_rallies_total{verdict=\"pong\"} 0\n"), "{played}");

    manager.shutdown.cancel();
    until_true("no manager", async || health("GET").await.status == 503).await;
    let reason = health("GET").await.body;
    assert!(reason.starts_with("no manager reachable"), "{reason}");
    assert_eq!(health("HEAD").await.status, 503);
    assert_eq!(head("/").await.status, 503);
}

#[tokio::test]
async fn options_says_what_is_allowed_and_anything_else_is_refused() {
    let cluster = Cluster::start(&[]);
    let address = ready(&cluster).await;
    for (path, allow) in [
        ("/", "GET, HEAD, OPTIONS"),
        ("/rally", "GET, HEAD, OPTIONS"),
        ("/healthz", "GET, HEAD, OPTIONS"),
        ("/page/dom.js", "GET, HEAD, OPTIONS"),
        ("/events", "GET, OPTIONS"),
    ] {
        for (method, status) in [("OPTIONS", 204), ("POST", 405), ("BREW", 405)] {
            // A 204 has no length; it ends with its head.
            let close = ["Connection: close"];
            let response = ask(address, method, path, &close).await.expect("complete");
            let found = (response.status, response.header("allow"));
            assert_eq!(found, (status, allow), "{method} {path}");
        }
        for method in allow.split(", ").filter(|method| *method == "HEAD") {
            let html = ["Accept: text/html"];
            let response = ask(address, method, path, &html).await;
            let response = response.unwrap_or_else(|e| panic!("{method} {path}: {e}"));
            assert_eq!(response.status, 200, "{method} {path}");
        }
    }
    assert_eq!(ask(address, "OPTIONS", "/metrics", &[]).await.expect("complete").status, 404);
}
