//! Addresses that belong to another service by now: an answer counts only from who was meant.

use std::collections::HashSet;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::formats::{JSON, Rally};
use crate::support::http::get;
use crate::support::services::{manager, player, proxy};
use crate::support::wait::until_true;

/// What a web server answers to everything.
const WELCOME: &str = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\nConnection: close\r\n\r\nwelcome\n";

/// Starts a server that is none of ours; returns its address.
async fn web_server(answer: &'static str) -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let _ = connection.read(&mut [0; 2048]).await;
            let _ = connection.write_all(answer.as_bytes()).await;
        }
    });
    address
}

#[tokio::test]
async fn a_proxy_takes_no_rally_and_no_page_from_another_service() {
    let ping = player("ping.1@pi1", "100");
    let web = web_server(WELCOME).await;
    let proxy = proxy("proxy.1@pi1", &[ping.listen, web], &[ping.listen, web]);
    for path in ["/", "/score", "/page/main.js"] {
        let answer = get(proxy.listen, path, &[]).await;
        assert_eq!(answer.status, 502, "{path}: {answer:?}");
        assert!(answer.body.contains("answered by another service"), "{path}: {answer:?}");
        assert_eq!(answer.header("pong-from"), "", "strangers see nothing of it");
    }
    let admin = proxy.admin;
    until_true("not ready", async || get(admin, "/readyz", &[]).await.status == 503).await;
    let metrics = get(admin, "/metrics", &[]).await.body;
    for upstream in ["manager", "scoreboard"] {
        let counted = format!(
            "pong_upstream_faults_total{{upstream=\"{upstream}\",cause=\"wrong_service\"}} "
        );
        let line = metrics.lines().find(|line| line.starts_with(&counted)).expect("a counter");
        assert_ne!(line.rsplit(' ').next(), Some("0"), "{line}");
    }
}

#[tokio::test]
async fn a_proxy_that_lists_a_proxy_is_refused_at_once_and_asks_no_circle() {
    let first = proxy("proxy.1@pi1", &[], &[]);
    let second = proxy("proxy.2@pi2", &[first.listen], &[first.listen]);
    for path in ["/", "/score"] {
        let answer = get(second.listen, path, &[]).await;
        assert_eq!(answer.status, 502, "{path}: {answer:?}");
        assert!(answer.body.contains("answered by another service"), "{path}: {answer:?}");
    }
    let refusal = get(first.listen, "/", &["Pong-To: manager"]).await;
    assert_eq!((refusal.status, refusal.header("pong-from")), (421, ""), "{refusal:?}");
}

#[tokio::test]
async fn rallies_are_played_by_the_managers_and_players_that_are_meant() {
    let ping = player("ping.1@pi1", "100");
    let pong = player("pong.1@pi2", "100");
    let web = web_server(WELCOME).await;
    let pings = [pong.listen, ping.listen, web];
    let manager = manager("manager.1@pi3", &pings, &[pong.listen], &["--rounds", "3"]);
    let proxy = proxy("proxy.1@pi1", &[pong.listen, web, manager.listen], &[]);
    let mut players = HashSet::new();
    for _ in 0..10 {
        let rally: Rally = get(proxy.listen, "/", &[JSON]).await.parse();
        assert_eq!(rally.played.len(), 6, "{rally:?}");
        players.extend(rally.played.iter().step_by(2).map(|stroke| stroke.player.to_string()));
    }
    assert_eq!(players, HashSet::from(["ping.1@pi1".to_owned()]));
}

#[tokio::test]
async fn a_request_for_another_service_is_refused_and_one_that_names_none_is_served() {
    let ping = player("ping.1@pi1", "100");
    for (headers, status) in
        [(&["Pong-To: pong"][..], 421), (&["Pong-To: ping"][..], 200), (&[][..], 200)]
    {
        let answer = get(ping.listen, "/", headers).await;
        assert_eq!((answer.status, answer.header("pong-from")), (status, "ping"), "{headers:?}");
    }
}

#[tokio::test]
async fn players_that_do_not_name_themselves_play_only_if_they_are_accepted() {
    const HIT: &str = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nHIT";
    let original = web_server(HIT).await;
    let pong = player("pong.1@pi1", "0");
    let refusing = manager("manager.1@pi1", &[original], &[pong.listen], &[]);
    assert_eq!(get(refusing.listen, "/", &[]).await.status, 503);
    let options = ["--unnamed-players"];
    let accepting = manager("manager.2@pi1", &[original], &[pong.listen], &options);
    let answer = get(accepting.listen, "/", &[]).await;
    assert_eq!(answer.body, "PING --> HIT\nPONG --> MISS\nThe winner is PING\n");
}
