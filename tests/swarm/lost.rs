//! A node lost at once, and one cut off for a while: the others play on.

use std::time::{Duration, Instant};

use crate::load::STEADY;
use crate::stage::{Excuse, Scene, Stage};
use crate::swarm::{cluster, running, shell, until, until_running};

/// How long a cable is pulled.
const CUT: Duration = Duration::from_secs(20);

pub(crate) async fn a_node(stage: &mut Stage) {
    stage
        .play("pi3 lost at once, and back", STEADY, async |scene| {
            let begun = Instant::now();
            cluster(&["kill", "pi3"]).await;
            elsewhere("pi3").await;
            let seconds = begun.elapsed().as_secs_f64();
            scene.note(format!("all its tasks were up elsewhere after {seconds:.1} s"));
            cluster(&["revive", "pi3"]).await;
            until_running("pong_proxy", 3, 40).await;
            used_again(scene, "pi3").await;
            Excuse { nodes: vec!["pi3"], ..Excuse::default() }
        })
        .await;
}

pub(crate) async fn a_cable(stage: &mut Stage) {
    stage
        .play("pi2 cut off for 20 s, and healed", STEADY, async |scene| {
            let begun = Instant::now();
            cluster(&["cut", "pi2"]).await;
            until("the cable is out long enough", 30, async || begun.elapsed() >= CUT).await;
            cluster(&["heal", "pi2"]).await;
            for (service, count) in
                [("pong_ping", 2), ("pong_pong", 2), ("pong_manager", 2), ("pong_proxy", 3)]
            {
                until_running(service, count, 40).await;
            }
            used_again(scene, "pi2").await;
            Excuse { nodes: vec!["pi2"], ..Excuse::default() }
        })
        .await;
}

/// Waits until every service but the proxy runs on the other nodes.
async fn elsewhere(node: &str) {
    for service in ["pong_ping", "pong_pong", "pong_manager"] {
        until(&format!("{service} is up elsewhere"), 60, async || {
            let tasks = running(service).await;
            tasks.len() == 2 && tasks.iter().all(|task| task.node != node)
        })
        .await;
    }
}

/// Checks that a node that is back answers, and that new players on it play.
async fn used_again(scene: &Scene, node: &str) {
    until(&format!("{node} answers again"), 40, async || {
        let records = scene.load.records();
        let last = records.iter().rev().find(|record| record.node == node);
        last.is_some_and(|record| record.came.is_ok())
    })
    .await;
    shell("docker service scale --detach pong_pong=4").await;
    until_running("pong_pong", 4, 30).await;
    let there = running("pong_pong").await.iter().filter(|task| task.node == node).count();
    assert!(there > 0, "no new player came to {node}");
    let seen = scene.load.records().len();
    let home = format!("@{node}");
    until(&format!("a player on {node} plays"), 10, async || {
        let records = scene.load.records();
        let good = records[seen..].iter().filter_map(|record| record.came.as_ref().ok());
        let mut players = good.flat_map(|played| &played.strokes).map(|stroke| &stroke.player);
        players.any(|player| player.starts_with("pong.") && player.ends_with(&home))
    })
    .await;
    shell("docker service scale --detach pong_pong=2").await;
    until_running("pong_pong", 2, 30).await;
}
