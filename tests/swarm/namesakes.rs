//! Two nodes with one host name, as cloned SD cards have it: they are told apart by Swarm's node ids,
//! and a broken link between them is reported.

use std::time::{Duration, Instant};

use tokio::process::Command;
use tokio::time::sleep;

use crate::scenario::TestRun;
use crate::swarm::{NODES, cluster, shell, until_running};
use crate::table::Line;
use crate::wait::until;

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
    let whole = wait_for(&mut line, 0, "").await;
    line.notes.push(whole);
    cluster(&["drop", RENAMED, NAMESAKE]).await;
    let begun = Instant::now();
    let broken = wait_for(&mut line, 1, "BROKEN timeout").await;
    let seconds = begun.elapsed().as_secs_f64();
    if begun.elapsed() > REPORTED_WITHIN {
        line.faults.push(format!("reported only after {seconds:.1} s"));
    }
    line.notes.push(format!("reported after {seconds:.1} s\n{broken}"));
    cluster(&["pass", RENAMED, NAMESAKE]).await;
    wait_for(&mut line, 0, "").await;
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

/// Waits until `swarm-pong paths` ends with this code, and has these words in both lines of the paths
/// between the namesakes, which it names distinctly; returns what it printed.
async fn wait_for(line: &mut Line, code: i32, words: &str) -> String {
    let mut last = String::new();
    let deadline = Instant::now() + Duration::from_secs(90);
    while Instant::now() < deadline {
        let mut command = Command::new(env!("CARGO_BIN_EXE_swarm-pong"));
        let output = command.args(["paths", "http://10.99.0.1:3000"]).output().await;
        let output = output.expect("the binary starts");
        last = String::from_utf8_lossy(&output.stdout).into_owned();
        let between = last.lines().filter(|path| is_between_namesakes(path));
        let so = between.filter(|path| path.contains(words)).count() == 2;
        if output.status.code() == Some(code) && last.starts_with("3 nodes, ") && so {
            return last;
        }
        sleep(Duration::from_millis(500)).await;
    }
    line.faults.push(format!("never exit code {code} and {words:?}; at last:\n{last}"));
    last
}

/// Returns whether a line is of a path from one of the namesakes to the other.
fn is_between_namesakes(line: &str) -> bool {
    let mut ends = line.split_whitespace();
    let (from, to) = (ends.next().unwrap_or_default(), ends.next().unwrap_or_default());
    let is_one = |end: &str| end.strip_prefix(NAMESAKE).is_some_and(|id| id.starts_with('/'));
    from != to && is_one(from) && is_one(to)
}
