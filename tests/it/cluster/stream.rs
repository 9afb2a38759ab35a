//! A rally is sent as it happens.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

use super::scripted_peer::{AfterBytes, ScriptedPeer, ok};
use crate::support::http::{Connection, get};
use crate::support::services::{Cluster, manager, player, proxy};

/// Requests a rally and returns the connection when the response has started.
async fn start(address: std::net::SocketAddr, path: &str) -> Connection {
    let mut client = Connection::open(address).await.expect("connected");
    client.send(&format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n")).await.expect("sent");
    assert_eq!(client.head().await.expect("a response").status, 200);
    client
}

async fn line(client: &mut Connection) -> Option<String> {
    client.piece().await.expect("no cut")
}

/// The ping player answers only when it may, and it may only when the line of the stroke before has
/// arrived: a line that waited for the next would wait for ever.
async fn assert_each_line_arrives_before_the_next_stroke(path: &str) {
    let serve = Arc::new(Semaphore::new(0));
    let strokes = Arc::clone(&serve);
    let ping = ScriptedPeer::serve(move |_| {
        let strokes = Arc::clone(&strokes);
        let (sender, pieces) = mpsc::channel(1);
        tokio::spawn(async move {
            strokes.acquire().await.expect("open").forget();
            sender.send(ok("HIT")).await
        });
        (pieces, AfterBytes::Stay)
    })
    .await;
    let pong = player("pong.1@pi1", "100");
    let options = ["--rounds", "3", "--stroke-timeout", "2s"];
    let manager = manager("manager.1@pi2", &[ping.address], &[pong.listen], &options);
    let proxy = proxy("proxy.1@pi3", &[manager.listen], &[]);
    serve.add_permits(1);
    let mut client = start(proxy.listen, path).await;
    let mut text = String::new();
    for round in 1..=3 {
        let due = "PING --> HIT\nPONG --> HIT\n".repeat(round);
        while text.len() < due.len() {
            text += &line(&mut client).await.expect("more");
        }
        assert!(text.starts_with(&due), "{text:?}");
        serve.add_permits(1);
    }
    while let Some(more) = line(&mut client).await {
        text += &more;
    }
    assert!(text.ends_with("HIT\nDRAW\n"), "{text:?}");
}

#[tokio::test]
async fn each_line_arrives_before_the_next_stroke_is_played() {
    assert_each_line_arrives_before_the_next_stroke("/?pace=1ms").await;
}

#[tokio::test]
async fn at_full_speed_too_when_players_are_slow() {
    assert_each_line_arrives_before_the_next_stroke("/").await;
}

#[tokio::test]
async fn a_pace_is_kept_between_lines_that_come_one_by_one() {
    let options = ["--hit-chance", "100", "--rounds", "3"];
    let cluster = Cluster::start(&options);
    let pace = Duration::from_millis(150);
    let started = Instant::now();
    let mut client = start(cluster.proxy(), "/?pace=150ms").await;
    let (mut lines, mut arrivals) = (Vec::new(), Vec::new());
    while let Some(piece) = line(&mut client).await {
        arrivals.push(started.elapsed());
        lines.push(piece);
    }
    let strokes = ["PING --> HIT\n", "PONG --> HIT\n"].into_iter().cycle().take(6);
    // The end may come with the last stroke.
    assert!(lines.iter().zip(strokes).all(|(line, stroke)| line.starts_with(stroke)), "{lines:?}");
    assert_eq!(lines.concat().lines().count(), 7, "{lines:?}");
    assert!(lines.len() >= 6, "one by one: {lines:?}");
    for (n, arrival) in (0..6).zip(&arrivals) {
        assert!(*arrival >= pace * n, "line {n} after {arrival:?}, of {arrivals:?}");
    }
}

#[tokio::test]
async fn what_may_outlast_a_stop_says_at_its_start_that_its_connection_closes() {
    let cluster = Cluster::start(&["--hit-chance", "0"]);
    let slow = get(cluster.proxy(), "/?pace=1ms", &[]).await;
    assert!(slow.closes(), "{slow:?}");
    let fast = get(cluster.proxy(), "/", &[]).await;
    // Unless the machine is so busy that this one is sent as it comes, too.
    assert_eq!(fast.closes(), fast.header("content-length").is_empty(), "{fast:?}");
}
