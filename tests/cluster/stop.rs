//! A stop under load: nobody is cut off.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::feed::Feed;
use crate::game::assert_lawful;
use crate::http::{Answer, Connection};
use crate::table::{Cluster, manager, player};

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
                assert_lawful(&answer.body);
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
        let mut connection = match Connection::open(address).await {
            Ok(connection) => connection,
            Err(error) if error.kind() == ErrorKind::ConnectionRefused => return seen,
            Err(error) => panic!("neither accepted nor refused: {error}"),
        };
        connection.send(GET).await.expect("sent");
        seen.note(&connection.answer().await.expect("a whole answer"));
    }
}

/// Plays a slow rally to its end, and tells when that was.
async fn is_patient(address: SocketAddr) -> (Answer, Instant) {
    let mut connection = Connection::open(address).await.expect("connected");
    connection.send("GET /?pace=100ms HTTP/1.1\r\nHost: test\r\n\r\n").await.expect("sent");
    (connection.answer().await.expect("a whole answer"), Instant::now())
}

/// Has clients of all kinds play, stops in the middle, and checks that nobody was cut off.
async fn assert_stops_in_peace(
    door: SocketAddr,
    manager: Option<SocketAddr>,
    stop: CancellationToken,
    ended: &mut tokio::task::JoinHandle<std::io::Result<()>>,
) {
    let mut feeds = JoinSet::new();
    if let Some(manager) = manager {
        let mut feed = Feed::open(manager).await;
        feeds.spawn(async move { while feed.until_stopped().await.is_some() {} });
    }
    let (mut clients, mut patient) = (JoinSet::new(), JoinSet::new());
    for _ in 0..4 {
        clients.spawn(keeps_alive(door));
        clients.spawn(comes_anew(door));
        patient.spawn(is_patient(door));
    }
    let mut warm = tokio::time::interval(Duration::from_millis(700));
    warm.tick().await;
    warm.tick().await;
    let stopped = Instant::now();
    stop.cancel();
    let over = timeout(Duration::from_secs(10), ended).await.expect("it ends");
    let took = stopped.elapsed();
    over.expect("no panic").expect("in good order");
    assert!(took < Duration::from_secs(5), "{took:?}");
    let (mut rallies, mut refusals) = (0, 0);
    for seen in clients.join_all().await {
        (rallies, refusals) = (rallies + seen.rallies, refusals + seen.refusals);
    }
    assert!(rallies > 20, "{rallies} rallies, {refusals} refusals: no load");
    for (answer, when) in patient.join_all().await {
        assert_eq!(answer.status, 200);
        assert_lawful(&answer.body);
        assert!(answer.body.ends_with("DRAW\n") && when > stopped, "in flight, and finished");
    }
    feeds.join_all().await;
}

#[tokio::test]
async fn a_whole_cluster_stops_and_nobody_is_cut_off() {
    let mut cluster = Cluster::start(&["--hit-chance", "100", "--nodes", "1"]);
    let (door, stop) = (cluster.door(), cluster.stop.clone());
    assert_stops_in_peace(door, None, stop, &mut cluster.ended).await;
}

#[tokio::test]
async fn a_manager_stops_with_a_feed_open_and_nobody_is_cut_off() {
    let (ping, pong) = (player("ping.1@pi1", "100"), player("pong.1@pi1", "100"));
    let mut manager = manager("manager.1@pi1", &[ping.listen], &[pong.listen], &[]);
    let (at, stop) = (manager.listen, manager.stop.clone());
    assert_stops_in_peace(at, Some(at), stop, &mut manager.ended).await;
}

#[tokio::test]
async fn a_service_that_stops_is_not_ready_and_soon_gone() {
    let mut player = player("ping.1@pi1", "100");
    let ready = crate::http::get(player.admin, "/readyz", &[]).await;
    assert_eq!((ready.status, ready.body.as_str()), (200, "ready\n"));
    player.stop.cancel();
    let ready = crate::http::get(player.admin, "/readyz", &[]).await;
    assert_eq!((ready.status, ready.body.as_str()), (503, "stopping\n"));
    let ended = timeout(Duration::from_secs(5), &mut player.ended).await;
    ended.expect("within 5 s").expect("no panic").expect("in good order");
}
