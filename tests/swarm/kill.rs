//! Killed tasks, one of each service at a time, ten times.

use futures_util::future::join_all;

use crate::load::STEADY;
use crate::scenario::{Allowance, TestRun};
use crate::swarm::{NODES, Task, cluster, running};
use crate::wait::until;

const ROUNDS: usize = 10;

const SCOREBOARD: &str = "pong_scoreboard";

/// The services, and how many tasks each has.
const SERVICES: [(&str, usize); 6] = [
    ("pong_ping", 2),
    ("pong_pong", 2),
    ("pong_manager", 2),
    ("pong_proxy", 3),
    (SCOREBOARD, 2),
    ("pong_light", 3),
];

pub(crate) async fn every_kind(run: &mut TestRun) {
    run.play("docker kill: one of each kind, ten times", STEADY, async |scenario| {
        let mut killed = Vec::new();
        for _ in 0..ROUNDS {
            let victims = SERVICES.iter().filter(|(service, _)| *service != SCOREBOARD);
            killed.extend(join_all(victims.map(|(service, _)| kill(service))).await);
            // After the manager, whose last counters only this one may have: the score survives any
            // manager and any scoreboard, but not both at once.
            killed.push(kill(SCOREBOARD).await);
            for (service, count) in SERVICES {
                until_replaced(service, count, &killed, 40).await;
            }
        }
        for node in NODES {
            let gap = scenario.longest_gap(node).as_secs_f64();
            scenario.note(format!("{node} served no rally for {gap:.2} s at most"));
        }
        Allowance { killed, ..Allowance::default() }
    })
    .await;
}

/// Kills the oldest task of a service, so that each round kills another one and each has had time to
/// publish its counters; returns its container.
async fn kill(service: &str) -> String {
    let victim = running(service).await.swap_remove(0);
    signal(&victim, "KILL").await;
    victim.container
}

/// Sends a signal to a task's process through the engine of its node.
pub(crate) async fn signal(task: &Task, signal: &str) {
    cluster(&["docker", &task.node, "kill", "--signal", signal, &task.container]).await;
}

/// Waits until a service has all its tasks and none of those that were killed.
pub(crate) async fn until_replaced(service: &str, count: usize, killed: &[String], seconds: u64) {
    until(&format!("{service} has its tasks again"), seconds, async || {
        let tasks = running(service).await;
        tasks.len() == count && !tasks.iter().any(|task| killed.contains(&task.container))
    })
    .await;
}
