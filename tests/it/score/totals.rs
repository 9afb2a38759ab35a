//! A score outlives any manager and any one scoreboard.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::scoreboards::{fetch, one_scoreboard, scoreboard, until_counted};
use crate::support::http::{ask, get};
use crate::support::match_::Match;
use crate::support::ports::reserve_many;
use crate::support::wait::until_true;

/// Plays rallies one by one; returns how many.
async fn play(manager: SocketAddr, rallies: u64) -> u64 {
    for _ in 0..rallies {
        assert_eq!(get(manager, "/", &[]).await.status, 200);
    }
    rallies
}

#[tokio::test]
async fn a_score_outlives_a_killed_manager_and_killed_scoreboards() {
    let mut game = Match::start(&[]);
    let other = game.another_manager("manager.2");
    let managers = [game.address(), other.listen];
    let ports = reserve_many::<2>();
    let addresses = ports.each_ref().map(|port| port.address);
    let mut scoreboards = addresses.map(|address| Some(scoreboard(address, &managers, &addresses)));

    let mut played = play(managers[0], 60).await + play(managers[1], 40).await;
    for scoreboard in addresses {
        until_counted(scoreboard, played).await;
    }
    let before = fetch(addresses[0]).await.score;
    game.manager.kill();
    played += play(managers[1], 25).await;
    for scoreboard in addresses {
        until_counted(scoreboard, played).await;
    }
    let after = fetch(addresses[0]).await.score;
    println!("before and after a manager was killed:\n  {before:?}\n  {after:?}");
    assert_eq!(after.score.ping + after.score.pong, 125);

    // The killed manager is known to the other scoreboard alone, then to the first alone.
    for n in [0, 1] {
        scoreboards[n] = None;
        played += play(managers[1], 5).await;
        until_counted(addresses[1 - n], played).await;
        scoreboards[n] = Some(scoreboard(addresses[n], &managers, &addresses));
        let caught_up = until_counted(addresses[n], played).await;
        println!("scoreboard {n} knows all {played} again {caught_up:?} after its start");
    }
}

#[tokio::test]
async fn a_manager_that_stops_under_load_leaves_every_rally_it_played_on_the_score() {
    let mut game = Match::start(&[]);
    let address = game.address();
    let scoreboard = one_scoreboard(&[address]);
    until_counted(scoreboard.listen, 0).await;

    let played = Arc::new(AtomicU64::new(0));
    let clients = (0..8).map(|_| {
        let played = Arc::clone(&played);
        tokio::spawn(async move {
            // Until nobody answers any more.
            while let Ok(response) = ask(address, "GET", "/?pace=1ms", &[]).await {
                if response.status == 200 {
                    played.fetch_add(1, Ordering::Relaxed);
                }
            }
        })
    });
    let clients: Vec<_> = clients.collect();
    until_true("100 rallies", async || played.load(Ordering::Relaxed) >= 100).await;
    game.manager.terminate();
    assert_eq!(game.manager.code(), Some(0));
    for client in clients {
        client.await.expect("it ends");
    }
    until_counted(scoreboard.listen, played.load(Ordering::Relaxed)).await;
}
