//! A service with a hundred tasks: all of them are seen and play, and the log stays short.

use std::collections::BTreeSet;
use std::time::SystemTime;

use protocol::snapshot::TaskState;

use crate::deploy;
use crate::response::{Failure, Format, read, with_causes};
use crate::scenario::TestRun;
use crate::scoreboard;
use crate::swarm::{NODES, Task, log, running, shell, until, until_running};
use crate::table::Line;

/// How many players ping has; two before and after.
const PLAYERS: usize = 100;

/// A hundred health checks every 2 s, each a process in a container, are too many for a machine that
/// is three nodes.
const UNCHECKED: &str = "docker service update --quiet --no-healthcheck pong_ping";

pub(crate) async fn players(run: &mut TestRun) {
    let name = format!("docker service scale pong_ping={PLAYERS}");
    run.observe(&name, async |line| {
        shell(UNCHECKED).await;
        let started = SystemTime::now();
        let seconds = || started.elapsed().unwrap_or_default().as_secs_f64();
        shell(&format!("docker service scale --detach pong_ping={PLAYERS}")).await;
        until_running("pong_ping", PLAYERS, 300).await;
        line.notes.push(format!("all {PLAYERS} ran after {:.1} s", seconds()));
        play_until_all_have(line).await;
        line.notes.push(format!("all had played after {:.1} s", seconds()));
        until("the scoreboards list all", 60, async || listed().await == PLAYERS).await;
        line.notes.push(format!("a scoreboard listed all after {:.1} s", seconds()));
        for task in running("pong_manager").await {
            check_log(line, &task, started).await;
        }
        shell("docker service scale --detach pong_ping=2").await;
        until_running("pong_ping", 2, 60).await;
        deploy::again().await;
    })
    .await;
}

/// Requests rallies through each node in turn until every player has had a stroke.
async fn play_until_all_have(line: &mut Line) {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let mut players = BTreeSet::new();
    until("every player has played", 120, async || {
        for (n, node) in NODES.iter().enumerate() {
            let request = client.get(format!("http://10.99.0.{}:3000/", n + 1));
            let requested = SystemTime::now();
            line.requests += 1;
            let rally = match request.header("accept", "application/json").send().await {
                Ok(response) => read(response, Format::Json, node).await,
                Err(error) => Err(Failure::Lost(with_causes(&error))),
            };
            match rally {
                Ok(rally) => {
                    line.rallies += 1;
                    line.slowest = line.slowest.max(requested.elapsed().unwrap_or_default());
                    let strokes = rally.strokes.into_iter().map(|stroke| stroke.player);
                    players.extend(strokes.filter(|player| player.starts_with("ping.")));
                }
                Err(failure) => {
                    line.failed += 1;
                    line.faults.push(format!("failed at {node}: {failure}"));
                }
            }
        }
        players.len() == PLAYERS
    })
    .await;
}

/// Returns how many ping players the scoreboard that pi1's proxy asks lists.
async fn listed() -> usize {
    let Some(snapshot) = scoreboard::fetch(NODES[0]).await else { return 0 };
    let running = snapshot.tasks.iter().filter(|view| view.state != TaskState::Gone);
    running.filter(|view| view.task.task.name.as_str().starts_with("ping.")).count()
}

/// Checks that a manager logged each new player once, none as removed, and little else.
async fn check_log(line: &mut Line, task: &Task, started: SystemTime) {
    let log = log(task, started).await;
    let count = |words: &str| log.lines().filter(|line| line.contains(words)).count();
    let added = count("endpoint added");
    let removed = count("endpoint removed");
    let warnings = count("\"level\":\"WARN\"");
    line.notes.push(format!(
        "the manager on {} logged {added} added, {removed} removed, {warnings} warnings",
        task.node
    ));
    if added != PLAYERS - 2 || removed > 0 || warnings > PLAYERS {
        line.faults.push(format!("the manager on {} logged more than needed", task.node));
    }
}
