//! When nobody is available: no player of a side, no manager, no permit.

use std::time::Duration;

use client::fault::Fault;
use tokio::time::Instant;

use super::faults::score;
use super::scripted_peer::{AfterBytes, ScriptedPeer, hits, never_accepts};
use crate::support::http::{Connection, get};
use crate::support::ports::reserve;
use crate::support::services::{manager, player, proxy};
use crate::support::wait::until_true;

#[tokio::test]
async fn a_side_that_fails_in_the_middle_of_a_rally_makes_it_a_let() {
    let ping = player("ping.1@pi1", "100");
    let pong = hits(3).await;
    let manager = manager("manager.1@pi2", &[ping.listen], &[pong.address], &[]);
    let proxy = proxy("proxy.1@pi3", &[manager.listen], &[]);
    let answer = get(proxy.listen, "/", &[]).await;
    assert_eq!(answer.status, 200);
    let strokes = "PING --> HIT\nPONG --> HIT\n".repeat(3) + "PING --> HIT\n";
    assert_eq!(answer.body, strokes + "LET: no PONG player answered\n");
    let score = score(manager.listen).await.score;
    assert_eq!((score.lets, score.rallies()), (1, 1), "{score:?}");
    assert_eq!((score.ping_misses, score.pong_misses), (0, 0), "{score:?}");
}

#[tokio::test]
async fn a_side_without_players_before_the_first_stroke_is_503_with_the_reason() {
    let pong = player("pong.1@pi1", "100");
    let gone = reserve();
    let manager = manager("manager.1@pi2", &[gone.address], &[pong.listen], &[]);
    let proxy = proxy("proxy.1@pi3", &[manager.listen], &[]);
    for address in [manager.listen, proxy.listen] {
        let answer = get(address, "/", &[]).await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, "1"), "{answer:?}");
        let reason = format!(
            "LET: no PING player answered (tried 1: {}: {}); retry in 1 s\n",
            gone.address,
            Fault::Refused,
        );
        assert_eq!(answer.body, reason);
    }
}

#[tokio::test]
async fn a_browser_gets_a_page_that_tries_again_while_there_is_no_scoreboard() {
    let gone = reserve();
    let proxy = proxy("proxy.1@pi3", &[gone.address], &[gone.address]);
    let page = get(proxy.listen, "/", &["Accept: text/html"]).await;
    assert_eq!((page.status, page.header("content-type")), (502, "text/html; charset=utf-8"));
    for text in ["http-equiv=\"refresh\"", "no scoreboard answered", "pong_scoreboard=1"] {
        assert!(page.body.contains(text), "{}", page.body);
    }
    let score = get(proxy.listen, "/score", &["Accept: text/html"]).await;
    assert_eq!(score.status, 502);
    assert!(score.body.starts_with("no scoreboard answered"), "for programs: {}", score.body);
}

#[tokio::test]
async fn players_that_all_hang_cost_the_client_seconds_and_no_more() {
    let mut hanging = Vec::new();
    for _ in 0..12 {
        hanging.push(ScriptedPeer::sending(b"", AfterBytes::Hang).await);
    }
    let pings: Vec<_> = hanging.iter().map(|player| player.address).collect();
    let pong = player("pong.1@pi1", "100");
    let manager = manager("manager.1@pi2", &pings, &[pong.listen], &[]);
    let started = Instant::now();
    let answer = get(manager.listen, "/", &[]).await;
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.body.contains(&Fault::Timeout.to_string()), "{answer:?}");
    // Three seconds of looking, the last player's one, and what a busy machine adds.
    assert!(started.elapsed() < Duration::from_millis(6_000), "{:?}", started.elapsed());
}

#[tokio::test]
async fn hanging_players_do_not_delay_many_clients() {
    let mut hanging = Vec::new();
    for _ in 0..4 {
        hanging.push(ScriptedPeer::sending(b"", AfterBytes::Hang).await);
    }
    let pings: Vec<_> = hanging.iter().map(|player| player.address).collect();
    let pong = player("pong.1@pi1", "100");
    let manager = manager("manager.1@pi2", &pings, &[pong.listen], &[]);
    let started = Instant::now();
    let clients = (0..60).map(|_| {
        let at = manager.listen;
        tokio::spawn(async move { get(at, "/", &[]).await.status })
    });
    for client in clients.collect::<Vec<_>>() {
        assert_eq!(client.await.expect("a response"), 503);
    }
    // As long as one client alone, half a second for a permit, and what a busy machine adds.
    assert!(started.elapsed() < Duration::from_millis(8_000), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_manager_at_its_limit_of_slow_rallies_refuses_those_and_plays_fast_ones() {
    let (ping, pong) = (player("ping.1@pi1", "100"), player("pong.1@pi1", "100"));
    let options = ["--max-in-flight", "1", "--rounds", "1"];
    let manager = manager("manager.1@pi2", &[ping.listen], &[pong.listen], &options);
    let mut slow = Connection::open(manager.listen).await.expect("connected");
    slow.send("GET /?pace=1s HTTP/1.1\r\nHost: test\r\n\r\n").await.expect("sent");
    slow.head().await.expect("it has started");
    let answer = get(manager.listen, "/?pace=1s", &[]).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "1"), "{answer:?}");
    assert!(answer.body.contains("too many rallies in flight"), "{answer:?}");
    assert_eq!(
        get(manager.listen, "/", &[]).await.status,
        200,
        "fast ones have a limit of their own"
    );
    while slow.piece().await.expect("no cut").is_some() {}
    let at = manager.listen;
    let plays = async || get(at, "/?pace=1ms", &[]).await.status == 200;
    until_true("a permit is free", plays).await;
}

#[tokio::test]
async fn unreachable_managers_are_502_with_every_attempt() {
    let gone = [reserve(), reserve()].map(|port| (port.address, port));
    let addresses = gone.each_ref().map(|(address, _)| *address);
    let tried = proxy("proxy.1@pi3", &addresses, &[]);
    let answer = get(tried.listen, "/", &[]).await;
    assert_eq!(answer.status, 502);
    for address in addresses {
        assert!(answer.body.contains(&format!("{address}: {}", Fault::Refused)), "{answer:?}");
    }
    let lonely = proxy("proxy.1@pi3", &[], &[]);
    let answer = get(lonely.listen, "/", &[]).await;
    assert_eq!(answer.status, 502);
    assert_eq!(answer.body, "no manager answered (no address in DNS)\n");
    assert_eq!(answer.header("content-type"), "text/plain; charset=utf-8");
}

#[tokio::test]
async fn hanging_managers_are_504_in_seconds_however_many_there_are() {
    let (dead, _queue) = never_accepts().await;
    let mut hanging = Vec::new();
    for _ in 0..3 {
        hanging.push(ScriptedPeer::sending(b"", AfterBytes::Hang).await);
    }
    let managers: Vec<_> = hanging.iter().map(|manager| manager.address).chain([dead]).collect();
    let proxy = proxy("proxy.1@pi3", &managers, &[]);
    let started = Instant::now();
    let answer = get(proxy.listen, "/", &[]).await;
    assert_eq!(answer.status, 504, "{answer:?}");
    assert!(answer.body.contains(&Fault::Timeout.to_string()), "{answer:?}");
    // The ten seconds after which a proxy gives up, and what a busy machine adds.
    assert!(started.elapsed() < Duration::from_secs(14), "{:?}", started.elapsed());
}
