//! How soon every node serves rallies, whichever way the match is deployed.

use std::time::SystemTime;

use crate::load::STEADY;
use crate::scale;
use crate::scenario::{Allowance, Scenario, TestRun, age};
use crate::swarm::{NODES, shell, shell_with, until, until_running};

/// The image of the first deployment.
const IMAGE: &str = "swarm-pong:1";

/// The settings. The accounts need a log line for every rally that a killed manager played.
const SETTINGS: [(&str, &str); 2] = [("PONG_IMAGE", IMAGE), ("PONG_LOG_LEVEL", "debug")];

/// Deploys plain services with the script, scales them by their plain names, and removes them.
pub(crate) async fn plain(run: &mut TestRun) {
    run.play("overlay-net.sh up", STEADY, async |scenario| {
        // Its own rallies are nobody's in the accounts.
        shell_with("PONG_WAIT=0 ./overlay-net.sh up", &SETTINGS).await;
        until_serving(scenario, "").await
    })
    .await;
    scale::service(run, "ping").await;
    shell("./overlay-net.sh down").await;
}

/// Deploys the stack, which stays for the other scenarios.
pub(crate) async fn stack(run: &mut TestRun) {
    run.play("docker stack deploy -c stack.yml pong", STEADY, async |scenario| {
        again().await;
        until_serving(scenario, "pong_").await
    })
    .await;
}

/// Deploys the stack, or makes its services again what stack.yml says.
pub(crate) async fn again() {
    shell_with("docker stack deploy -c stack.yml pong", &SETTINGS).await;
}

async fn until_serving(scenario: &mut Scenario, prefix: &str) -> Allowance {
    until("a rally through every node", 30, async || {
        NODES.iter().all(|node| first_rally(scenario, node).is_some())
    })
    .await;
    for (service, count) in [("ping", 2), ("pong", 2), ("manager", 2), ("proxy", 3)] {
        until_running(&format!("{prefix}{service}"), count, 20).await;
    }
    let first = NODES.iter().filter_map(|node| first_rally(scenario, node));
    let first: Vec<String> =
        first.map(|first| format!("{:.1} s", age(first, scenario.started).as_secs_f64())).collect();
    scenario.note(format!("first rally on pi1, pi2, pi3 after {}", first.join(", ")));
    Allowance { startup: true, ..Allowance::default() }
}

fn first_rally(scenario: &Scenario, node: &str) -> Option<SystemTime> {
    let records = scenario.load.records();
    let rallies = records.iter().filter(|record| record.node == node && record.result.is_ok());
    rallies.map(|record| record.ended()).min()
}
