//! Tasks killed on the spot, one of each kind at a time, ten times.

use futures_util::future::join_all;

use crate::load::STEADY;
use crate::stage::{Excuse, Stage};
use crate::swarm::{NODES, Task, cluster, running, until};

const ROUNDS: usize = 10;

const KINDS: [(&str, usize); 6] = [
    ("pong_ping", 2),
    ("pong_pong", 2),
    ("pong_manager", 2),
    ("pong_proxy", 3),
    ("pong_scoreboard", 2),
    ("pong_light", 3),
];

pub(crate) async fn every_kind(stage: &mut Stage) {
    stage
        .play("docker kill: ten of each kind, one at a time", STEADY, async |scene| {
            let kinds = KINDS.map(|(service, count)| ten_times(service, count));
            let killed = join_all(kinds).await.concat();
            for node in NODES {
                let closed = scene.closed_for(node).as_secs_f64();
                scene.note(format!("{node} gave no rally for {closed:.2} s at most"));
            }
            Excuse { killed, ..Excuse::default() }
        })
        .await;
}

/// Kills a task of a service, each time another, and waits until it is replaced.
async fn ten_times(service: &str, count: usize) -> Vec<String> {
    let mut killed = Vec::new();
    for round in 0..ROUNDS {
        let tasks = running(service).await;
        let victim = &tasks[round % tasks.len()];
        signal(victim, "KILL").await;
        killed.push(victim.container.clone());
        replaced(service, count, &killed).await;
    }
    killed
}

/// Sends a signal to a task's process, by the engine of its node.
pub(crate) async fn signal(task: &Task, signal: &str) {
    cluster(&["docker", &task.node, "kill", "--signal", signal, &task.container]).await;
}

/// Waits until a service has all its tasks and none of those that were killed.
pub(crate) async fn replaced(service: &str, count: usize, killed: &[String]) {
    until(&format!("{service} has its tasks again"), 40, async || {
        let tasks = running(service).await;
        tasks.len() == count && !tasks.iter().any(|task| killed.contains(&task.container))
    })
    .await;
}
