//! A stop under load: nobody is cut off.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, interval, timeout};

use crate::feed::Feed;
use crate::game::assert_lawful;
use crate::http::{Answer, Connection, get};
use crate::process::Process;
use crate::table::player;

/// So few that a paced rally lasts 2 s, and those in flight are soon over on a busy machine.
const ROUNDS: usize = 10;

const GET: &str = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

/// Counts a client's rallies, or what it was told instead.
#[derive(Default)]
struct Seen {
    rallies: u32,
    refusals: u32,
}

impl Seen {
    fn note(&mut self, answer: &Answer) {
        match answer.status {
            200 => {
                assert_lawful(&answer.body, ROUNDS);
                self.rallies += 1;
            }
            503 => {
                assert_eq!(answer.header("retry-after"), "1", "{answer:?}");
                self.refusals += 1;
            }
            _ => panic!("{answer:?}"),
        }
    }
}

/// Asks again and again on one connection until the server says that it closes.
async fn keeps_alive(address: SocketAddr) -> Seen {
    let mut seen = Seen::default();
    let mut connection = Connection::open(address).await.expect("connected");
    loop {
        connection.send(GET).await.expect("sent");
        let answer = connection.answer().await.expect("a whole answer");
        seen.note(&answer);
        if answer.closes() {
            return seen;
        }
    }
}

/// Opens a connection for each request until none is accepted any more.
async fn comes_anew(address: SocketAddr) -> Seen {
    let mut seen = Seen::default();
    loop {
        match once(address).await {
            Ok(answer) => seen.note(&answer),
            Err(error) => {
                // The kernel takes connections in for a port and resets them when it closes. No
                // service knows of them, so this may be the very last one: after it, all refuse.
                let last = [ErrorKind::ConnectionReset, ErrorKind::ConnectionRefused];
                assert!(last.contains(&error.kind()), "{error}");
                let after = once(address).await.expect_err("closed for good");
                assert_eq!(after.kind(), ErrorKind::ConnectionRefused, "after {error}");
                return seen;
            }
        }
    }
}

async fn once(address: SocketAddr) -> std::io::Result<Answer> {
    let mut connection = Connection::open(address).await?;
    connection.send(GET).await?;
    connection.answer().await
}

/// Plays a slow rally to its end, and tells when that was.
async fn is_patient(address: SocketAddr) -> (Answer, Instant) {
    let mut connection = Connection::open(address).await.expect("connected");
    connection.send("GET /?pace=100ms HTTP/1.1\r\nHost: test\r\n\r\n").await.expect("sent");
    (connection.answer().await.expect("a whole answer"), Instant::now())
}

/// Has clients of all kinds play, sends SIGTERM in the middle, and checks that nobody was cut off.
async fn assert_stops_in_peace(mut process: Process) {
    let door = process.listen;
    let (mut clients, mut patient) = (JoinSet::new(), JoinSet::new());
    for _ in 0..4 {
        clients.spawn(keeps_alive(door));
        clients.spawn(comes_anew(door));
        patient.spawn(is_patient(door));
    }
    let mut while_they_play = interval(Duration::from_millis(700));
    while_they_play.tick().await;
    while_they_play.tick().await;
    let stopped = Instant::now();
    process.terminate();
    let (process, status) = tokio::task::spawn_blocking(|| {
        let status = process.wait();
        (process, status)
    })
    .await
    .expect("it ends");
    assert!(stopped.elapsed() < Duration::from_secs(5), "{:?}", stopped.elapsed());
    assert_eq!(status.code(), Some(0), "{}", process.log());

    let (mut rallies, mut refusals) = (0, 0);
    for seen in clients.join_all().await {
        (rallies, refusals) = (rallies + seen.rallies, refusals + seen.refusals);
    }
    for (answer, when) in patient.join_all().await {
        assert_eq!(answer.status, 200);
        assert_lawful(&answer.body, ROUNDS);
        assert!(answer.body.ends_with("DRAW\n") && when > stopped, "in flight, and finished");
        rallies += 1;
    }
    assert!(rallies > 20, "{rallies} rallies, {refusals} refusals: no load");
    // Every rally that was begun has reached its client.
    let log = process.log();
    let over: Vec<_> = log.lines().filter(|line| line.contains("\"rally over\"")).collect();
    assert!(over.iter().all(|line| line.contains("\"verdict\":\"draw\"")), "{log}");
    assert_eq!(over.len(), rallies as usize);
}

#[tokio::test]
async fn a_whole_cluster_stops_and_nobody_is_cut_off() {
    let demo = ["demo", "--hit-chance", "100", "--nodes", "1", "--rounds", &ROUNDS.to_string()];
    assert_stops_in_peace(Process::start(&demo)).await;
}

#[tokio::test]
async fn a_manager_stops_with_a_feed_open_and_nobody_is_cut_off() {
    let (ping, pong) = (player("ping.1@pi1", "100"), player("pong.1@pi1", "100"));
    let [ping_at, pong_at] = [&ping, &pong].map(|player| player.listen.to_string());
    let rounds = ROUNDS.to_string();
    let line = ["manager", "--ping", &ping_at, "--pong", &pong_at, "--rounds", &rounds];
    let manager = Process::start(&line);
    let mut feed = Feed::open(manager.listen).await;
    let feed = tokio::spawn(async move { while feed.until_stopped().await.is_some() {} });
    assert_stops_in_peace(manager).await;
    feed.await.expect("the feed ends in good order");
}

#[tokio::test]
async fn a_service_that_stops_is_not_ready_and_soon_gone() {
    let mut player = player("ping.1@pi1", "100");
    let ready = get(player.admin, "/readyz", &[]).await;
    assert_eq!((ready.status, ready.body.as_str()), (200, "ready\n"));
    player.stop.cancel();
    let ready = get(player.admin, "/readyz", &[]).await;
    assert_eq!((ready.status, ready.body.as_str()), (503, "stopping\n"));
    let ended = timeout(Duration::from_secs(5), &mut player.ended).await;
    ended.expect("within 5 s").expect("no panic").expect("in good order");
}
