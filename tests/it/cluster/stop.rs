//! A stop under load: no response is cut.

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

use super::clients::{ROUNDS, Seen, reads_to_end, reconnects, starts_slowly, stays_connected};
use super::feed::Feed;
use super::game::assert_valid_rally;
use crate::support::http::get;
use crate::support::log;
use crate::support::ports::reserve;
use crate::support::process::Process;
use crate::support::services::player;
use crate::support::wait::until_true;

/// Has clients of all kinds play, sends SIGTERM in the middle, and checks that none was cut off.
async fn assert_stops_without_cutting_responses(mut process: Process) {
    let address = process.listen;
    let mut clients = JoinSet::new();
    let mut slow_clients = JoinSet::new();
    for _ in 0..3 {
        slow_clients.spawn(reads_to_end(starts_slowly(address).await));
        clients.spawn(stays_connected(address));
        clients.spawn(reconnects(address, Seen::default()));
    }
    until_true("rallies are played", async || {
        log::with(&process.log_lines(), log::RALLY_FINISHED).len() >= 10
    })
    .await;
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

    let mut rallies = 0;
    let mut refusals = 0;
    for seen in clients.join_all().await {
        rallies += seen.rallies;
        refusals += seen.refusals;
    }
    for (rally, ended) in slow_clients.join_all().await {
        assert_valid_rally(&rally, ROUNDS);
        assert!(ended > stopped, "it was not in flight");
        rallies += 1;
    }
    assert!(rallies > 10, "{rallies} rallies, {refusals} refusals");
    // Every rally that was started has reached its client.
    let lines = log::lines(&process.log());
    let finished = log::with(&lines, log::RALLY_FINISHED);
    assert!(finished.iter().all(|line| line["verdict"] == "draw"), "{finished:?}");
    // Of more than a few a second there is a number instead of a line.
    let (logged, suppressed) = log::count(&lines, log::RALLY_FINISHED);
    assert_eq!(logged + suppressed, u64::from(rallies), "{}", process.log());
}

#[tokio::test]
async fn a_cluster_shuts_down_without_cutting_responses() {
    // Nobody else may answer at the port once it is closed.
    let port = reserve();
    let listen = port.address.to_string();
    let rounds = ROUNDS.to_string();
    let demo = ["demo", "--hit-chance", "100", "--nodes", "1", "--rounds", &rounds];
    let demo = [&demo[..], &["--listen", &listen]].concat();
    assert_stops_without_cutting_responses(Process::start(&demo)).await;
}

#[tokio::test]
async fn a_manager_with_open_feeds_shuts_down_cleanly() {
    let ping = player("ping.1@pi1", "100");
    let pong = player("pong.1@pi1", "100");
    let ping_address = ping.listen.to_string();
    let pong_address = pong.listen.to_string();
    let port = reserve();
    let listen = port.address.to_string();
    let rounds = ROUNDS.to_string();
    let options = ["--ping", &ping_address, "--pong", &pong_address, "--rounds", &rounds];
    let manager = [&["manager", "--listen", &listen][..], &options].concat();
    let manager = Process::start(&manager);
    let mut feed = Feed::open(manager.listen).await;
    let feed = tokio::spawn(async move { while feed.until_end().await.is_some() {} });
    assert_stops_without_cutting_responses(manager).await;
    feed.await.expect("the feed ends in good order");
}

#[tokio::test]
async fn a_service_that_stops_is_not_ready_and_soon_ends() {
    let mut player = player("ping.1@pi1", "100");
    let ready = get(player.admin, "/readyz", &[]).await;
    assert_eq!((ready.status, ready.body.as_str()), (200, "ready\n"));
    player.shutdown.cancel();
    let ready = get(player.admin, "/readyz", &[]).await;
    assert_eq!((ready.status, ready.body.as_str()), (503, "stopping\n"));
    let ended = timeout(Duration::from_secs(5), &mut player.ended).await;
    ended.expect("within 5 s").expect("no panic").expect("in good order");
}
