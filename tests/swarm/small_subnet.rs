//! A subnet with fewer addresses than the match needs: what an operator sees, and that the advice
//! given helps.

use std::collections::BTreeMap;

use crate::scenario::TestRun;
use crate::swarm::{shell, swarm_pong};
use crate::wait::until;

/// A match that needs 21 addresses: 17 tasks, the gateway and 3 nodes.
const UP: &str = "PONG_IMAGE=swarm-pong:1 PONG_PING_REPLICAS=8 PONG_PONG_REPLICAS=1 \
    PONG_MANAGER_REPLICAS=1 PONG_SCOREBOARD_REPLICAS=1 ./overlay-net.sh up 2>&1 \
    || echo \"exit status $?\"";

const PI1: &str = "http://10.99.0.1:3000";

pub(crate) async fn filled(run: &mut TestRun) {
    run.observe("a /28 that the players fill", async |line| {
        let output = shell(&format!("PONG_SUBNET=10.0.9.0/28 PONG_WAIT=1 {UP}")).await;
        for said in [
            "warning: the match needs 21 addresses and 10.0.9.0/28 has 13",
            "no rally from http://10.99.0.3:3000",
            "exit status 3",
        ] {
            if !output.contains(said) {
                line.faults.push(format!("overlay-net.sh did not say {said:?}: {output}"));
            }
        }
        // Which tasks have an address depends on the order in which Swarm hands them out. Each node
        // needs one too: if the tasks have them all, none of them ever runs.
        until("some tasks have an address", 30, async || states().await.len() > 1).await;
        line.notes.push(format!("tasks by state: {:?}", states().await));
        let (code, _) = swarm_pong(&["paths", PI1]).await;
        line.notes.push(format!("swarm-pong paths: exit code {code:?}"));
        if !matches!(code, Some(1 | 3)) {
            line.faults.push("paths must be in trouble, or unknown".to_owned());
        }
        // Scaling down does not help if the nodes have none; what the warning says does.
        shell("./overlay-net.sh down").await;
        let output = shell(&format!("PONG_SUBNET=10.0.8.0/22 {UP}")).await;
        if output.contains("exit status") {
            line.faults.push(format!("a larger subnet is not enough: {output}"));
        }
        let mut output = String::new();
        until("paths measures all", 60, async || {
            let (code, text) = swarm_pong(&["paths", PI1]).await;
            output = text;
            code == Some(0) && output.starts_with("3 nodes, 6 of 6 pairs measured, none broken")
        })
        .await;
        line.notes.push(format!("with a larger subnet: {output}"));
    })
    .await;
    shell("./overlay-net.sh down").await;
}

/// Returns how many of the tasks that are to run are in each state.
async fn states() -> BTreeMap<String, usize> {
    let list = "docker service ps --filter desired-state=running --format '{{.CurrentState}}' \
        $(docker service ls -q)";
    let mut states = BTreeMap::new();
    for state in shell(list).await.lines().filter_map(|line| line.split(' ').next()) {
        *states.entry(state.to_owned()).or_default() += 1;
    }
    states
}
