//! Peers that make counters and manager instances up: nothing they say takes from the real ones.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use game::Score;
use protocol::event::ManagerScore;
use protocol::id::InstanceId;
use protocol::sync::SyncPage;
use protocol::task::Task;
use protocol::timeline::{Observation, TimelineEvent};
use server::feed::render;
use tokio::sync::mpsc;
use tokio::time::interval;

use super::scoreboards::{fetch, scoreboard};
use crate::cluster::scripted_peer::{AfterBytes, Pieces, ScriptedPeer, ok, one_piece};
use crate::support::http::get;
use crate::support::match_::Match;
use crate::support::ports::reserve_many;
use crate::support::process::Process;
use crate::support::wait::until_true;

/// How many rallies each made-up instance has, so that the score shows how many others there are.
const MADE_UP: u64 = 1_000_000;

/// How many instances a scoreboard stores of one manager, and of another scoreboard.
const OF_MANAGER: usize = 512;
const OF_SCOREBOARD: usize = 3072;

/// Returns counters that a manager may have after so many rallies.
fn played(rallies: u64) -> Score {
    let (ping, ping_hits) = (rallies, 2 * rallies);
    Score { ping, pong_misses: ping, ping_hits, longest: 3, ..Score::default() }
}

/// Returns instances without end, each another one; every hundredth has counters that none can have.
fn make_up(made: &AtomicU32, count: u32) -> Vec<(InstanceId, Score)> {
    let first = made.fetch_add(count, Ordering::Relaxed);
    let instances = (first..first + count).map(|n| {
        let endless = Score { ping: u64::MAX, pong_misses: u64::MAX, ..played(1) };
        (InstanceId::new(n), if n % 100 == 0 { endless } else { played(MADE_UP) })
    });
    instances.collect()
}

/// Returns a feed that publishes instances without end.
fn feed(made: Arc<AtomicU32>) -> Pieces {
    let (sender, pieces) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut interval = interval(Duration::from_millis(10));
        let manager: Task = "manager.9@pi9".parse().expect("a task");
        let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
        let mut sent = sender.send(head.to_vec()).await;
        while sent.is_ok() {
            interval.tick().await;
            let scores = make_up(&made, 100).into_iter().map(|(instance, score)| {
                render("score", &ManagerScore { manager: manager.clone(), instance, score })
            });
            sent = sender.send(scores.collect::<Vec<_>>().concat()).await;
        }
    });
    pieces
}

/// Returns observations that nobody has made, the more the later.
fn make_up_observations(revision: u64) -> Vec<Observation> {
    let node = |n| format!("pi{n}").parse().expect("a node");
    let made_up = (revision..revision + 500).map(|n| Observation {
        at: n,
        by: InstanceId::new(n as u32),
        is_over: false,
        event: TimelineEvent::Lost { node: node(n) },
    });
    made_up.collect()
}

/// Starts a manager that publishes new instances without end, other ones to each subscriber.
async fn hostile_manager() -> ScriptedPeer {
    let made = Arc::new(AtomicU32::new(0x1000_0000));
    ScriptedPeer::serve(move |_| (feed(Arc::clone(&made)), AfterBytes::Hang)).await
}

/// Starts a scoreboard that has new instances whenever it is asked.
async fn hostile_scoreboard() -> ScriptedPeer {
    let made = AtomicU32::new(0x2000_0000);
    ScriptedPeer::serve(move |_| {
        let instances = make_up(&made, 500);
        let revision = made.load(Ordering::Relaxed).into();
        let page = SyncPage {
            instance: InstanceId::new(0xbad),
            revision,
            instances,
            seen: revision,
            observations: make_up_observations(revision),
        };
        let body = serde_json::to_string(&page).expect("plain");
        (one_piece(&ok(&body)), AfterBytes::Stay)
    })
    .await
}

/// Waits until a scoreboard has this many instances that were made up at least, and counts exactly
/// these rallies beside.
async fn until_counted(scoreboard: &Process, made_up: usize, rallies: u64) {
    let mut last = String::new();
    until_true("made-up instances, and the real rallies", async || {
        let score = fetch(scoreboard.listen).await.score;
        let line = format!("{} rallies of {} instances", score.rallies, score.instances);
        if std::mem::replace(&mut last, line.clone()) != line {
            println!("{line}");
        }
        score.instances >= made_up && score.rallies % MADE_UP == rallies
    })
    .await;
}

async fn play(manager: SocketAddr, rallies: u64) {
    for _ in 0..rallies {
        assert_eq!(get(manager, "/", &[]).await.status, 200);
    }
}

#[tokio::test]
async fn a_manager_that_makes_up_instances_without_end_takes_nothing_from_real_ones() {
    let mut game = Match::start(&[]);
    let manager = hostile_manager().await;
    let ports = reserve_many::<2>();
    let [first, second] = ports.each_ref().map(|port| port.address);
    let managers = [game.address(), manager.address];
    let scoreboards = [(first, second), (second, first)];
    let [one, other] = scoreboards.map(|(own, other)| scoreboard(own, &managers, &[other]));
    play(game.address(), 25).await;
    for scoreboard in [&one, &other] {
        until_counted(scoreboard, OF_MANAGER, 25).await;
        let source = format!("manager at {}", manager.address);
        for reason in ["no manager can have played that", "too many manager instances"] {
            scoreboard.logged("counters refused", &[("source", &source), ("reason", reason)]);
        }
    }

    // A real one counts as before and after its death, and so does the next.
    play(game.address(), 5).await;
    until_counted(&one, OF_MANAGER, 30).await;
    game.manager.kill();
    drop(other);
    let next = game.another_manager("manager.2");
    let managers = [next.listen, manager.address];
    let other = scoreboard(second, &managers, &[first]);
    play(next.listen, 7).await;
    for scoreboard in [&one, &other] {
        until_counted(scoreboard, OF_MANAGER, 37).await;
        let instances = fetch(scoreboard.listen).await.score.instances;
        assert!(instances <= 2 + 3 * OF_MANAGER, "{instances}");
    }
}

#[tokio::test]
async fn a_scoreboard_that_makes_up_instances_without_end_takes_nothing_from_real_managers() {
    let game = Match::start(&[]);
    let peer = hostile_scoreboard().await;
    let scoreboard = scoreboard(([127, 0, 0, 1], 0).into(), &[game.address()], &[peer.address]);
    until_counted(&scoreboard, OF_SCOREBOARD, 0).await;
    play(game.address(), 25).await;
    until_counted(&scoreboard, OF_SCOREBOARD, 25).await;
    let source = format!("scoreboard at {}", peer.address);
    for reason in ["no manager can have played that", "too many manager instances"] {
        scoreboard.logged("counters refused", &[("source", &source), ("reason", reason)]);
    }
    assert_eq!(fetch(scoreboard.listen).await.score.instances, OF_SCOREBOARD + 1);
}
