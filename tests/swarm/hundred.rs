//! A service with a hundred tasks: all of them are seen and play, and the log stays short.

use std::collections::BTreeSet;
use std::time::SystemTime;

use protocol::snapshot::TaskState;
use reqwest::Client;

use crate::deploy;
use crate::response::{Failure, Format, ReceivedRally, read, with_causes};
use crate::scenario::TestRun;
use crate::scoreboard;
use crate::swarm::{NODES, Task, log, running, shell, until_running};
use crate::table::Line;
use crate::wait::until;

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
        // The start of a hundred containers may cost others their health.
        for (service, count) in [("pong_manager", 2), ("pong_proxy", NODES.len())] {
            until_running(service, count, 60).await;
        }
        let client = Client::builder().no_proxy().build().expect("a client");
        for (n, node) in NODES.into_iter().enumerate() {
            until(node, 60, async || rally(&client, n).await.is_ok()).await;
        }
        line.notes.push(format!("every node served rallies after {:.1} s", seconds()));
        play_until_all_have(line, &client).await;
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
async fn play_until_all_have(line: &mut Line, client: &Client) {
    let mut players = BTreeSet::new();
    until("every player has played", 120, async || {
        for (n, node) in NODES.iter().enumerate() {
            let requested = SystemTime::now();
            line.requests += 1;
            match rally(client, n).await {
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

/// Requests a rally through the nth node.
async fn rally(client: &Client, n: usize) -> Result<ReceivedRally, Failure> {
    let request = client.get(format!("http://10.99.0.{}:3000/", n + 1));
    let response = request.header("accept", "application/json").send().await;
    let response = response.map_err(|error| Failure::Lost(with_causes(&error)))?;
    read(response, Format::Json, NODES[n]).await
}

/// Returns how many ping players the scoreboard that pi1's proxy asks lists.
async fn listed() -> usize {
    let Some(snapshot) = scoreboard::fetch(NODES[0]).await else { return 0 };
    let running = snapshot.tasks.values().filter(|view| view.state != TaskState::Gone);
    running.filter(|view| view.task.task.name.as_str().starts_with("ping.")).count()
}

/// Checks that a manager logged each player once, none as removed, and little else.
async fn check_log(line: &mut Line, task: &Task, started: SystemTime) {
    let log = log(task, started).await;
    let count = |words: &[&str]| {
        log.lines().filter(|line| words.iter().all(|word| line.contains(word))).count()
    };
    let added = count(&["endpoint added", "\"service\":\"ping\""]);
    let removed = count(&["endpoint removed"]);
    let warnings = count(&["\"level\":\"WARN\""]);
    let logged = format!(
        "the manager on {} logged {added} players as added, {removed} as removed, {warnings} warnings",
        task.node
    );
    // A manager that was started anew finds the first two as well.
    if !(PLAYERS - 2..=PLAYERS).contains(&added) || removed > 0 || warnings > PLAYERS {
        line.faults.push(logged.clone());
    }
    line.notes.push(logged);
}
