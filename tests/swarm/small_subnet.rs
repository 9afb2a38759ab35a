//! A subnet with fewer addresses than the match needs: what an operator sees, and that it plays as
//! soon as there are enough.

use std::collections::BTreeMap;

use crate::scenario::TestRun;
use crate::swarm::{NODES, shell, swarm_pong, until};

/// 13 addresses for the 21 that this match needs: its players come first and leave none for proxies.
const UP: &str = "PONG_IMAGE=swarm-pong:1 PONG_SUBNET=10.0.9.0/28 PONG_WAIT=1 \
    PONG_PING_REPLICAS=8 PONG_PONG_REPLICAS=1 PONG_MANAGER_REPLICAS=1 PONG_SCOREBOARD_REPLICAS=1 \
    ./overlay-net.sh up 2>&1 || echo \"exit status $?\"";

const PI1: &str = "http://10.99.0.1:3000";

pub(crate) async fn filled(run: &mut TestRun) {
    run.observe("a /28 that the players fill", async |line| {
        let output = shell(UP).await;
        for said in [
            "warning: the match needs 21 addresses and 10.0.9.0/28 has 13",
            "no rally from http://10.99.0.3:3000",
            "exit status 3",
        ] {
            if !output.contains(said) {
                line.faults.push(format!("overlay-net.sh did not say {said:?}: {output}"));
            }
        }
        // Nobody else may take an address now.
        until("every player runs", 30, async || running().await == 10).await;
        let waiting = waiting().await;
        line.notes.push(format!("tasks without an address, all in state new: {waiting:?}"));
        if waiting.get("proxy") != Some(&NODES.len()) {
            line.faults.push("no proxy can have an address".to_owned());
        }
        let (code, _) = swarm_pong(&["paths", PI1]).await;
        line.notes.push(format!("swarm-pong paths: exit code {code:?}"));
        if code != Some(3) {
            line.faults.push("paths must be unknown".to_owned());
        }
        shell("docker service scale --detach ping=1").await;
        let mut output = String::new();
        until("paths measures all", 60, async || {
            let (code, text) = swarm_pong(&["paths", PI1]).await;
            output = text;
            code == Some(0) && output.starts_with("3 nodes, 6 of 6 pairs measured, none broken")
        })
        .await;
        let waiting = self::waiting().await;
        line.notes
            .push(format!("with one ping player: {output}   without an address: {waiting:?}"));
        if waiting.values().sum::<usize>() != 1 {
            line.faults.push("one light, and nothing else, has no address".to_owned());
        }
    })
    .await;
    shell("./overlay-net.sh down").await;
}

/// Returns the number of tasks that run.
async fn running() -> usize {
    tasks().await.iter().filter(|(_, state)| state == "running").count()
}

/// Returns how many tasks of each service wait for an address, for which Swarm has no error.
async fn waiting() -> BTreeMap<String, usize> {
    let mut waiting = BTreeMap::new();
    for (service, _) in tasks().await.into_iter().filter(|(_, state)| state == "new") {
        *waiting.entry(service).or_default() += 1;
    }
    waiting
}

/// Returns the service and the state of every task that is to run.
async fn tasks() -> Vec<(String, String)> {
    let list = "docker service ps --filter desired-state=running \
        --format '{{.Name}} {{.CurrentState}}' $(docker service ls -q)";
    let parse = |line: &str| {
        let service = line.split('.').next()?;
        let state = line.split(' ').nth(1)?.to_lowercase();
        Some((service.to_owned(), state))
    };
    shell(list).await.lines().filter_map(parse).collect()
}
