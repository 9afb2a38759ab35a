//! Two nodes with one host name, as cloned SD cards have it: they are told apart by Swarm's node ids,
//! and a broken link between them is reported.

use std::time::{Duration, Instant};

use tokio::process::Command;

use crate::scenario::TestRun;
use crate::swarm::{NODES, cluster, shell, until, until_running};
use crate::table::Line;

/// The node that takes the name of another one, and the nodes between which packets are dropped.
const RENAMED: &str = "pi2";
const NAMESAKE: &str = "pi3";

/// How soon a broken path must be reported.
const REPORTED_WITHIN: Duration = Duration::from_secs(15);

/// The services whose tasks are told the names of their nodes anew.
const SERVICES: [&str; 6] = ["ping", "pong", "manager", "scoreboard", "light", "proxy"];

pub(crate) async fn are_told_apart(run: &mut TestRun) {
    run.announce("namesakes");
    let started = Instant::now();
    let mut line = Line::new("two nodes with one name", 0.0);
    rename(NAMESAKE, 2).await;
    let whole = wait_for(&mut line, 0, &[]).await;
    line.notes.push(whole);
    cluster(&["drop", RENAMED, NAMESAKE]).await;
    let begun = Instant::now();
    let broken = wait_for(&mut line, 1, &["BROKEN timeout"]).await;
    let seconds = begun.elapsed().as_secs_f64();
    if begun.elapsed() > REPORTED_WITHIN {
        line.faults.push(format!("reported only after {seconds:.1} s"));
    }
    line.notes.push(format!("reported after {seconds:.1} s\n{broken}"));
    cluster(&["pass", RENAMED, NAMESAKE]).await;
    wait_for(&mut line, 0, &[]).await;
    rename(RENAMED, 1).await;
    line.seconds = started.elapsed().as_secs_f64();
    line.print_details();
    run.lines.push(line);
}

/// Gives the node a host name, and has every task told it: so many nodes have the namesake's then.
async fn rename(name: &str, namesakes: usize) {
    cluster(&["rename", RENAMED, name]).await;
    // An engine tells the Swarm every 20 s.
    until("the Swarm knows the name", 60, async || {
        let names = shell("docker node ls --format '{{.Hostname}}'").await;
        names.lines().filter(|known| *known == NAMESAKE).count() == namesakes
    })
    .await;
    for service in SERVICES {
        shell(&format!("docker service update --quiet --force pong_{service} >/dev/null")).await;
    }
    until_running("pong_proxy", NODES.len(), 60).await;
}

/// Waits until `swarm-pong paths` ends with this code, all pairs measured and these words in every line
/// of a path between the namesakes; returns what it printed.
async fn wait_for(line: &mut Line, code: i32, words: &[&str]) -> String {
    let mut last = String::new();
    let found = async |last: &mut String| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_swarm-pong"));
        let output = command.args(["paths", "http://10.99.0.1:3000"]).output().await;
        let output = output.expect("the binary starts");
        *last = String::from_utf8_lossy(&output.stdout).into_owned();
        let prefix = format!("{NAMESAKE}/");
        let between: Vec<&str> = last
            .lines()
            .filter(|path| {
                let mut ends = path.split_whitespace().take(2);
                ends.clone().count() == 2
                    && ends.all(|end| end.starts_with(&prefix))
                    && path.split_whitespace().next() != path.split_whitespace().nth(1)
            })
            .collect();
        output.status.code() == Some(code)
            && last.starts_with("3 nodes, ")
            && between.len() == 2
            && between.iter().all(|path| words.iter().all(|word| path.contains(word)))
    };
    let deadline = Instant::now() + Duration::from_secs(90);
    while !found(&mut last).await {
        if Instant::now() > deadline {
            line.faults.push(format!("never exit code {code} with {words:?}; at last:\n{last}"));
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    last
}
