//! When nobody is left: a side of the table, the managers, all places.

use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::http::{Connection, get};
use crate::stranger::{Stranger, Then, hits, never_accepts, refuses};
use crate::table::{manager, player, proxy};

#[tokio::test]
async fn a_side_that_goes_in_the_middle_of_a_rally_makes_it_a_let() {
    let ping = player("ping.1@pi1", "100");
    let pong = hits(3).await;
    let manager = manager("manager.1@pi2", &[ping.listen], &[pong.address], &[]);
    let door = proxy("proxy.1@pi3", &[manager.listen], &[]);
    let answer = get(door.listen, "/", &[]).await;
    assert_eq!(answer.status, 200);
    let strokes = "PING --> HIT\nPONG --> HIT\n".repeat(3) + "PING --> HIT\n";
    assert_eq!(answer.body, strokes + "LET: no PONG player answered\n");
    let score = crate::faults::score(manager.listen).await;
    let fields = ["lets", "ping", "pong", "draws", "ping_misses", "pong_misses"];
    assert_eq!(fields.map(|field| score[field].as_u64().expect("a number")), [1, 0, 0, 0, 0, 0]);
}

#[tokio::test]
async fn a_side_that_is_gone_before_the_first_stroke_is_503_with_the_reason() {
    let pong = player("pong.1@pi1", "100");
    let (gone, _socket) = refuses();
    let manager = manager("manager.1@pi2", &[gone], &[pong.listen], &[]);
    let door = proxy("proxy.1@pi3", &[manager.listen], &[]);
    for address in [manager.listen, door.listen] {
        let answer = get(address, "/", &[]).await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, "1"), "{answer:?}");
        let reason = format!(
            "LET: no PING player answered (asked 1: {gone}: connection refused); try again in a second\n"
        );
        assert_eq!(answer.body, reason);
    }
}

#[tokio::test]
async fn players_that_all_hang_cost_the_client_seconds_and_no_more() {
    let mut hanging = Vec::new();
    for _ in 0..12 {
        hanging.push(Stranger::says(b"", Then::Hangs).await);
    }
    let pings: Vec<_> = hanging.iter().map(|player| player.address).collect();
    let pong = player("pong.1@pi1", "100");
    let manager = manager("manager.1@pi2", &pings, &[pong.listen], &[]);
    let begun = Instant::now();
    let answer = get(manager.listen, "/", &[]).await;
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.body.contains("no answer in time"), "{answer:?}");
    // Three seconds of looking, the last player's one, and what a busy machine adds.
    assert!(begun.elapsed() < Duration::from_millis(6_000), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_crowd_of_clients_waits_no_longer_for_players_that_hang() {
    let mut hanging = Vec::new();
    for _ in 0..4 {
        hanging.push(Stranger::says(b"", Then::Hangs).await);
    }
    let pings: Vec<_> = hanging.iter().map(|player| player.address).collect();
    let pong = player("pong.1@pi1", "100");
    let manager = manager("manager.1@pi2", &pings, &[pong.listen], &[]);
    let begun = Instant::now();
    let crowd = (0..60).map(|_| {
        let at = manager.listen;
        tokio::spawn(async move { get(at, "/", &[]).await.status })
    });
    for client in crowd.collect::<Vec<_>>() {
        assert_eq!(client.await.expect("an answer"), 503);
    }
    // As long as one client alone, half a second for a table, and what a busy machine adds.
    assert!(begun.elapsed() < Duration::from_millis(8_000), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn a_manager_that_is_full_says_so_and_takes_the_next_rally_after_one_is_over() {
    let (ping, pong) = (player("ping.1@pi1", "100"), player("pong.1@pi1", "100"));
    let options = ["--limit", "1", "--rounds", "1"];
    let manager = manager("manager.1@pi2", &[ping.listen], &[pong.listen], &options);
    let mut slow = Connection::open(manager.listen).await.expect("connected");
    slow.send("GET /?pace=1s HTTP/1.1\r\nHost: test\r\n\r\n").await.expect("sent");
    slow.head().await.expect("it has begun");
    let answer = get(manager.listen, "/", &[]).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "1"), "{answer:?}");
    assert!(answer.body.contains("in flight"), "{answer:?}");
    while slow.piece().await.expect("no cut").is_some() {}
    let freed = async { while get(manager.listen, "/", &[]).await.status != 200 {} };
    timeout(Duration::from_secs(5), freed).await.expect("the place is free again");
}

#[tokio::test]
async fn managers_that_are_gone_are_502_with_who_was_tried() {
    let ((first, _one), (second, _two)) = (refuses(), refuses());
    let door = proxy("proxy.1@pi3", &[first, second], &[]);
    let answer = get(door.listen, "/", &[]).await;
    assert_eq!(answer.status, 502);
    for address in [first, second] {
        assert!(answer.body.contains(&format!("{address}: connection refused")), "{answer:?}");
    }
    let door = proxy("proxy.1@pi3", &[], &[]);
    let answer = get(door.listen, "/", &[]).await;
    assert_eq!(answer.status, 502);
    assert_eq!(answer.body, "no manager answered (discovery knows no address)\n");
}

#[tokio::test]
async fn managers_that_hang_are_504_in_seconds_however_many_they_are() {
    let (dead, _queue) = never_accepts().await;
    let mut hanging = Vec::new();
    for _ in 0..3 {
        hanging.push(Stranger::says(b"", Then::Hangs).await);
    }
    let managers: Vec<_> = hanging.iter().map(|manager| manager.address).chain([dead]).collect();
    let door = proxy("proxy.1@pi3", &managers, &[]);
    let begun = Instant::now();
    let answer = get(door.listen, "/", &[]).await;
    assert_eq!(answer.status, 504, "{answer:?}");
    assert!(answer.body.contains("no answer in time"), "{answer:?}");
    // The ten seconds after which a proxy gives up, and what a busy machine adds.
    assert!(begun.elapsed() < Duration::from_secs(14), "{:?}", begun.elapsed());
}
