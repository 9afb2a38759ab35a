//! The match on a real Kubernetes of two nodes: scaled, updated, drained and killed, without losing a rally.
//!
//! `tests/kubernetes/run` starts it. Words on the command line choose the scenarios whose names start with
//! one of them; the first, which deploys the manifests, is always played.

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;

use crate::scenario::TestRun;
use crate::table::{Line, print_all};

mod cluster;
mod load;
#[path = "../swarm/response.rs"]
#[allow(dead_code, reason = "tests/swarm reads more of a response")]
mod response;
mod scenario;
mod scenarios;
#[path = "../swarm/table.rs"]
mod table;
#[path = "../swarm/wait.rs"]
mod wait;

type Play = for<'a> fn(&'a mut TestRun) -> LocalBoxFuture<'a, ()>;

/// Every scenario by its name, in the order they are played.
const SCENARIOS: [(&str, Play); 7] = [
    ("apply", |run| scenarios::apply(run).boxed_local()),
    ("scale", |run| scenarios::scale(run).boxed_local()),
    ("roll", |run| scenarios::roll(run).boxed_local()),
    ("proxy", |run| scenarios::roll_proxies(run).boxed_local()),
    ("drain", |run| scenarios::drain(run).boxed_local()),
    ("kill", |run| scenarios::kill(run).boxed_local()),
    ("lose", |run| scenarios::lose_a_node(run).boxed_local()),
];

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let passed = runtime.expect("a runtime").block_on(play(&words));
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn play(words: &[String]) -> bool {
    let mut run = TestRun::default();
    for (name, scenario) in SCENARIOS {
        let chosen = words.is_empty() || words.iter().any(|word| name.starts_with(word.as_str()));
        if !chosen && name != "apply" {
            continue;
        }
        if AssertUnwindSafe(scenario(&mut run)).catch_unwind().await.is_err() {
            let mut line = Line::new(name, 0.0);
            line.faults.push("broken off; see above".into());
            run.lines.push(line);
            break;
        }
    }
    print_all(&run.lines)
}
