//! A rally is sent as it happens.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

use crate::http::Connection;
use crate::stranger::{Stranger, Then, ok};
use crate::table::{Cluster, manager, player, proxy};

/// Asks for a rally and returns the connection when the answer has begun.
async fn begin(address: std::net::SocketAddr, path: &str) -> Connection {
    let mut client = Connection::open(address).await.expect("connected");
    client.send(&format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n")).await.expect("sent");
    assert_eq!(client.head().await.expect("an answer").status, 200);
    client
}

async fn line(client: &mut Connection) -> Option<String> {
    client.piece().await.expect("no cut")
}

/// The ping player answers only when it is told to, and it is told to only when the line of the
/// stroke before has arrived: a line that waited for the next would wait for ever.
async fn assert_each_line_arrives_before_the_next_stroke(path: &str) {
    let serve = Arc::new(Semaphore::new(0));
    let strokes = Arc::clone(&serve);
    let ping = Stranger::serve(move |_| {
        let strokes = Arc::clone(&strokes);
        let (sender, pieces) = mpsc::channel(1);
        tokio::spawn(async move {
            strokes.acquire().await.expect("open").forget();
            sender.send(ok("HIT")).await
        });
        (pieces, Then::Stays)
    })
    .await;
    let pong = player("pong.1@pi1", "100");
    let options = ["--rounds", "3", "--stroke-timeout", "2s"];
    let manager = manager("manager.1@pi2", &[ping.address], &[pong.listen], &options);
    let door = proxy("proxy.1@pi3", &[manager.listen], &[]);
    serve.add_permits(1);
    let mut client = begin(door.listen, path).await;
    let mut told = String::new();
    for round in 1..=3 {
        let due = "PING --> HIT\nPONG --> HIT\n".repeat(round);
        while told.len() < due.len() {
            told += &line(&mut client).await.expect("more");
        }
        assert!(told.starts_with(&due), "{told:?}");
        serve.add_permits(1);
    }
    while let Some(more) = line(&mut client).await {
        told += &more;
    }
    assert!(told.ends_with("HIT\nDRAW\n"), "{told:?}");
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
    let begun = Instant::now();
    let mut client = begin(cluster.door(), "/?pace=150ms").await;
    let (mut lines, mut arrivals) = (Vec::new(), Vec::new());
    while let Some(piece) = line(&mut client).await {
        arrivals.push(begun.elapsed());
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
