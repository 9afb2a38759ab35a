//! A node that is lost at once, and one that is partitioned for a while: the others play on.

use std::time::{Duration, Instant};

use crate::load::STEADY;
use crate::scenario::{Allowance, Scenario, TestRun};
use crate::swarm::{cluster, running, shell, until_running};
use crate::wait::until;

/// How long the partition lasts.
const PARTITION: Duration = Duration::from_secs(20);

pub(crate) async fn a_node(run: &mut TestRun) {
    run.play("pi3 lost at once, and back", STEADY, async |scenario| {
        let started = Instant::now();
        cluster(&["kill", "pi3"]).await;
        until_elsewhere("pi3").await;
        let seconds = started.elapsed().as_secs_f64();
        scenario.note(format!("all its tasks ran elsewhere after {seconds:.1} s"));
        let started = Instant::now();
        cluster(&["revive", "pi3"]).await;
        let engine = started.elapsed().as_secs_f64();
        until_running("pong_proxy", 3, 40).await;
        let proxy = started.elapsed().as_secs_f64();
        scenario.note(format!(
            "after its start its engine was up after {engine:.1} s, its proxy after {proxy:.1} s"
        ));
        check_it_plays_again(scenario, "pi3").await;
        Allowance { nodes: vec!["pi3"], ..Allowance::default() }
    })
    .await;
}

pub(crate) async fn a_partition(run: &mut TestRun) {
    run.play("pi2 partitioned for 20 s, and healed", STEADY, async |scenario| {
        let started = Instant::now();
        cluster(&["cut", "pi2"]).await;
        until("the partition is over", 30, async || started.elapsed() >= PARTITION).await;
        cluster(&["heal", "pi2"]).await;
        for (service, count) in
            [("pong_ping", 2), ("pong_pong", 2), ("pong_manager", 2), ("pong_proxy", 3)]
        {
            until_running(service, count, 40).await;
        }
        check_it_plays_again(scenario, "pi2").await;
        Allowance { nodes: vec!["pi2"], ..Allowance::default() }
    })
    .await;
}

/// Waits until players and managers all run on the other nodes.
async fn until_elsewhere(node: &str) {
    for service in ["pong_ping", "pong_pong", "pong_manager"] {
        until(&format!("{service} runs elsewhere"), 60, async || {
            let tasks = running(service).await;
            tasks.len() == 2 && tasks.iter().all(|task| task.node != node)
        })
        .await;
    }
}

/// Checks that a node that is back serves rallies, and that new players on it play.
async fn check_it_plays_again(scenario: &mut Scenario, node: &str) {
    let started = Instant::now();
    until(&format!("{node} serves rallies again"), 40, async || {
        let records = scenario.load.records();
        let last = records.iter().rev().find(|record| record.node == node);
        last.is_some_and(|record| record.result.is_ok())
    })
    .await;
    shell("docker service scale --detach pong_pong=4").await;
    until_running("pong_pong", 4, 30).await;
    let here = running("pong_pong").await.iter().filter(|task| task.node == node).count();
    assert!(here > 0, "no new player was placed on {node}");
    let before = scenario.load.records().len();
    let suffix = format!("@{node}");
    until(&format!("a player on {node} plays"), 10, async || {
        let records = scenario.load.records();
        let rallies = records[before..].iter().filter_map(|record| record.result.as_ref().ok());
        let mut players = rallies.flat_map(|rally| &rally.strokes).map(|stroke| &stroke.player);
        players.any(|player| player.starts_with("pong.") && player.ends_with(&suffix))
    })
    .await;
    let gap = scenario.longest_gap(node).as_secs_f64();
    let seconds = started.elapsed().as_secs_f64();
    scenario.note(format!(
        "{node} served no rally for {gap:.1} s; a new player on it played {seconds:.1} s after it was \
         back"
    ));
    shell("docker service scale --detach pong_pong=2").await;
    until_running("pong_pong", 2, 30).await;
}
