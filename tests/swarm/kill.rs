//! Tasks killed on the spot, one of each kind at a time, ten times.

use futures_util::future::join_all;

use crate::load::STEADY;
use crate::stage::{Excuse, Stage};
use crate::swarm::{NODES, Task, cluster, running, until};

const ROUNDS: usize = 10;

const PAGE: &str = "pong_scoreboard";

const KINDS: [(&str, usize); 6] = [
    ("pong_ping", 2),
    ("pong_pong", 2),
    ("pong_manager", 2),
    ("pong_proxy", 3),
    (PAGE, 2),
    ("pong_light", 3),
];

pub(crate) async fn every_kind(stage: &mut Stage) {
    stage
        .play("docker kill: one of each kind, ten times", STEADY, async |scene| {
            let mut killed = Vec::new();
            for _ in 0..ROUNDS {
                let victims = KINDS.iter().filter(|(service, _)| *service != PAGE);
                killed.extend(join_all(victims.map(|(service, _)| kill(service))).await);
                // After the manager, whose last words only it may have heard: the score outlives any
                // manager and any one scoreboard, not both at one blow.
                killed.push(kill(PAGE).await);
                for (service, count) in KINDS {
                    replaced(service, count, &killed).await;
                }
            }
            for node in NODES {
                let closed = scene.closed_for(node).as_secs_f64();
                scene.note(format!("{node} gave no rally for {closed:.2} s at most"));
            }
            Excuse { killed, ..Excuse::default() }
        })
        .await;
}

/// Kills a task of a service, the oldest, so that each round it is another and nobody dies unheard;
/// returns its container.
async fn kill(service: &str) -> String {
    let victim = running(service).await.swap_remove(0);
    signal(&victim, "KILL").await;
    victim.container
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
