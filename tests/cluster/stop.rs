//! A stop under load: nobody is cut off.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, interval, timeout};

use crate::crowd::{ROUNDS, Seen, begins_slowly, comes_anew, is_patient, keeps_alive};
use crate::feed::Feed;
use crate::game::assert_lawful;
use crate::http::{PATIENCE, get};
use crate::process::Process;
use crate::table::player;

/// Has clients of all kinds play, sends SIGTERM in the middle, and checks that nobody was cut off.
async fn assert_stops_in_peace(mut process: Process) {
    let door = process.listen;
    let (mut clients, mut patient) = (JoinSet::new(), JoinSet::new());
    for _ in 0..3 {
        patient.spawn(is_patient(begins_slowly(door).await));
        clients.spawn(keeps_alive(door));
        clients.spawn(comes_anew(door, Seen::default()));
    }
    let mut look = interval(Duration::from_millis(5));
    let played = async {
        while process.log().matches("\"rally over\"").count() < 10 {
            look.tick().await;
        }
    };
    timeout(PATIENCE, played).await.expect("rallies are played");
    process.terminate();
    let stopped = Instant::now();
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
    for (rally, when) in patient.join_all().await {
        assert_lawful(&rally, ROUNDS);
        assert!(when > stopped, "it was not in flight");
        rallies += 1;
    }
    assert!(rallies > 10, "{rallies} rallies, {refusals} refusals");
    // Every rally that was begun has reached its client.
    let log = process.log();
    let over: Vec<_> =
        log.lines().filter(|line| line.contains("\"message\":\"rally over\"")).collect();
    assert!(over.iter().all(|line| line.contains("\"verdict\":\"draw\"")), "{log}");
    // Of more than a few a second there is a number instead of a line.
    let said = log.lines().filter(|line| line.contains("\"kind\":\"rally over\""));
    let said = said.map(|line| serde_json::from_str::<serde_json::Value>(line).expect("JSON"));
    let left_out: u64 = said.filter_map(|line| line["left_out"].as_u64()).sum();
    assert_eq!(over.len() as u64 + left_out, u64::from(rallies), "{log}");
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
