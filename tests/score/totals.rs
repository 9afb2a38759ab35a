//! A score outlives any manager and any one scoreboard.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::board::{free, scoreboard, told, until_counted};
use crate::http::{ask, get};
use crate::process::Process;

fn players() -> [Process; 2] {
    let player = |side, name| Process::start(&["player", "--side", side, "--task", name]);
    [player("ping", "ping.1"), player("pong", "pong.1")]
}

fn manager(name: &str, players: &[Process; 2]) -> Process {
    let [ping, pong] = players.each_ref().map(|player| player.listen.to_string());
    Process::start(&["manager", "--task", name, "--ping", &ping, "--pong", &pong])
}

/// Plays rallies one by one; returns how many.
async fn play(manager: SocketAddr, rallies: u64) -> u64 {
    for _ in 0..rallies {
        assert_eq!(get(manager, "/", &[]).await.status, 200);
    }
    rallies
}

#[tokio::test]
async fn a_score_outlives_a_killed_manager_and_killed_scoreboards() {
    let players = players();
    let mut managers = [manager("manager.1", &players), manager("manager.2", &players)];
    let at = managers.each_ref().map(|manager| manager.listen);
    let peers = [free(), free()];
    let mut boards = peers.map(|board| Some(scoreboard(board, &at, &peers)));

    let mut played = play(at[0], 60).await + play(at[1], 40).await;
    for board in peers {
        until_counted(board, played).await;
    }
    let before = told(peers[0]).await["score"].clone();
    managers[0].kill();
    played += play(at[1], 25).await;
    for board in peers {
        until_counted(board, played).await;
    }
    let after = told(peers[0]).await["score"].clone();
    println!("before and after a manager was killed:\n  {before}\n  {after}");
    assert_eq!(after["ping"].as_u64().zip(after["pong"].as_u64()).map(|(a, b)| a + b), Some(125));

    // The manager that was killed is known to the other scoreboard alone, then to the first alone.
    for n in [0, 1] {
        boards[n] = None;
        played += play(at[1], 5).await;
        until_counted(peers[1 - n], played).await;
        boards[n] = Some(scoreboard(peers[n], &at, &peers));
        let caught_up = until_counted(peers[n], played).await;
        println!("scoreboard {n} knows all {played} again {caught_up:?} after its start");
    }
}

#[tokio::test]
async fn a_manager_that_stops_under_load_leaves_every_rally_it_played_on_the_score() {
    let players = players();
    let mut manager = manager("manager.1", &players);
    let (at, board) = (manager.listen, free());
    let _board = scoreboard(board, &[at], &[board]);
    until_counted(board, 0).await;

    let played = Arc::new(AtomicU64::new(0));
    let clients = (0..8).map(|_| {
        let played = Arc::clone(&played);
        tokio::spawn(async move {
            // Until it is not there any more.
            while let Ok(answer) = ask(at, "GET", "/?pace=1ms", &[]).await {
                if answer.status == 200 {
                    played.fetch_add(1, Ordering::Relaxed);
                }
            }
        })
    });
    let clients: Vec<_> = clients.collect();
    while played.load(Ordering::Relaxed) < 100 {
        tokio::task::yield_now().await;
    }
    manager.terminate();
    assert_eq!(manager.code(), Some(0));
    for client in clients {
        client.await.expect("it ends");
    }
    until_counted(board, played.load(Ordering::Relaxed)).await;
}
