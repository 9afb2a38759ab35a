//! How soon every node answers, whichever way the match is deployed.

use std::time::SystemTime;

use crate::load::STEADY;
use crate::scale;
use crate::stage::{Excuse, Scene, Stage, age};
use crate::swarm::{NODES, shell, shell_with, until, until_running};

/// The image that everything begins with.
const IMAGE: &str = "swarm-pong:1";

/// What it is deployed with. Accounts need a line for every rally that a killed manager played.
const SETTINGS: [(&str, &str); 2] = [("PONG_IMAGE", IMAGE), ("PONG_LOG_LEVEL", "debug")];

/// The script, its services scaled by their plain names, and its end.
pub(crate) async fn plain(stage: &mut Stage) {
    stage
        .play("overlay-net.sh up", STEADY, async |scene| {
            shell_with("./overlay-net.sh up", &SETTINGS).await;
            opened(scene, "").await
        })
        .await;
    scale::service(stage, "ping").await;
    shell("./overlay-net.sh down").await;
}

/// The stack, which stays for the other scenarios.
pub(crate) async fn stack(stage: &mut Stage) {
    stage
        .play("docker stack deploy -c stack.yml pong", STEADY, async |scene| {
            shell_with("docker stack deploy -c stack.yml pong", &SETTINGS).await;
            opened(scene, "pong_").await
        })
        .await;
}

async fn opened(scene: &mut Scene, prefix: &str) -> Excuse {
    until("a rally through every node", 30, async || {
        NODES.iter().all(|node| first_rally(scene, node).is_some())
    })
    .await;
    for (service, count) in [("ping", 2), ("pong", 2), ("manager", 2), ("proxy", 3)] {
        until_running(&format!("{prefix}{service}"), count, 20).await;
    }
    let open = NODES.iter().filter_map(|node| first_rally(scene, node));
    let open: Vec<String> =
        open.map(|first| format!("{:.1} s", age(first, scene.begun).as_secs_f64())).collect();
    scene.note(format!("first rally on pi1, pi2, pi3 after {}", open.join(", ")));
    Excuse { opening: true, ..Excuse::default() }
}

fn first_rally(scene: &Scene, node: &str) -> Option<SystemTime> {
    let records = scene.load.records();
    let good = records.iter().filter(|record| record.node == node && record.came.is_ok());
    good.map(|record| record.ended()).min()
}
