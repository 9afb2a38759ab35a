//! How soon every node serves rallies, whichever way the match is deployed.

use std::path::Path;
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::load::STEADY;
use crate::scale;
use crate::scenario::{Allowance, Scenario, TestRun, age};
use crate::swarm::{Engine, NODES, ROOT, shell, shell_with, until_running};
use crate::wait::until;

/// The image of the first deployment.
const IMAGE: &str = "swarm-pong:1";

/// The settings. The accounts need a log line, in JSON, for every rally that a killed manager played.
const SETTINGS: [(&str, &str); 3] =
    [("PONG_IMAGE", IMAGE), ("PONG_LOG", "json"), ("PONG_LOG_LEVEL", "debug")];

/// How many tasks the stack has on the nodes.
const TASKS: usize = 14;

/// The ports that the proxies of the stack check; the script finds them out itself.
const PUBLISHED: (&str, &str) =
    ("PONG_PUBLISHED", "pi1=10.99.0.1:3000,pi2=10.99.0.2:3000,pi3=10.99.0.3:3000");

/// The first minor version of API 1 in which a new task can be checked more often than a healthy one.
const START_INTERVAL_API: u32 = 44;

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
    by(&command().await).await;
}

/// Deploys the stack with fewer healthchecks where an old engine needs many.
pub(crate) async fn for_slow_nodes() {
    by(&command().await.replace("INTERVAL=2s", "INTERVAL=30s")).await;
}

async fn by(command: &str) {
    shell_with(command, &[&SETTINGS[..], &[PUBLISHED]].concat()).await;
}

/// Returns the README's command that deploys the stack with the Docker at hand.
pub(crate) async fn command() -> String {
    if knows_start_interval().await {
        return "docker stack deploy -c stack.yml pong".to_owned();
    }
    documented("README.md", "docker stack deploy -c - pong")
}

/// Returns the command that deploys both stack files with the Docker at hand.
pub(crate) async fn command_with_ingress() -> String {
    let deploy = "docker stack deploy -c stack.yml -c stack.ingress.yml pong";
    if knows_start_interval().await {
        return deploy.to_owned();
    }
    let lines =
        ["stack.yml stack.ingress.yml", deploy].map(|end| documented("docs/health.md", end));
    let copies =
        "folder=$(mktemp -d); trap 'rm -r $folder' EXIT; cp stack.*yml $folder; cd $folder";
    format!("{copies}; {}", lines.join("; "))
}

/// Returns a line of a text for users that ends so.
fn documented(file: &str, end: &str) -> String {
    let text = std::fs::read_to_string(Path::new(ROOT).join(file)).expect("a text");
    let line = text.lines().find(|line| line.ends_with(end));
    line.unwrap_or_else(|| panic!("{file} has no line for an older Docker")).to_owned()
}

async fn knows_start_interval() -> bool {
    let api = shell("docker version --format '{{.Client.APIVersion}}'").await;
    let minor: u32 = api.trim().trim_start_matches("1.").parse().expect("API 1.x");
    minor >= START_INTERVAL_API
}

/// Waits until exactly the stack's tasks run, all of them healthy or unchecked, and as their services are to
/// be after the last change.
pub(crate) async fn until_all_run(seconds: u64) {
    until(&format!("{TASKS} tasks"), seconds, async || {
        let engine = Engine::of("pi1");
        let services = engine.json("/services", json!({})).await.expect("services");
        let services = services.as_array().expect("a list");
        let filters = json!({ "desired-state": ["running"] });
        let tasks = engine.json("/tasks", filters).await.expect("tasks");
        let tasks = tasks.as_array().expect("a list");
        let is_current = |task: &Value| {
            let mut own = services.iter().filter(|service| service["ID"] == task["ServiceID"]);
            own.any(|one| {
                one["Spec"]["TaskTemplate"]["ContainerSpec"] == task["Spec"]["ContainerSpec"]
            })
        };
        let runs = |task: &Value| task["Status"]["State"] == "running" && is_current(task);
        tasks.len() == TASKS && tasks.iter().all(runs)
    })
    .await;
}

/// Removes the stack and waits until its network is gone.
pub(crate) async fn remove() {
    shell("docker stack rm pong").await;
    until("the stack is removed", 60, async || {
        shell("docker network ls --quiet --filter name=ping-pong-net").await.is_empty()
    })
    .await;
}

async fn until_serving(scenario: &mut Scenario, prefix: &str) -> Allowance {
    until_every_node_serves(scenario, 30).await;
    for (service, count) in [("ping", 2), ("pong", 2), ("manager", 2), ("proxy", 3)] {
        until_running(&format!("{prefix}{service}"), count, 20).await;
    }
    Allowance { startup: true, ..Allowance::default() }
}

/// Waits until every node has served a rally, and notes when that was.
pub(crate) async fn until_every_node_serves(scenario: &mut Scenario, seconds: u64) {
    until("a rally through every node", seconds, async || {
        NODES.iter().all(|node| first_rally(scenario, node).is_some())
    })
    .await;
    let first = NODES.iter().filter_map(|node| first_rally(scenario, node));
    let first: Vec<String> =
        first.map(|first| format!("{:.1} s", age(first, scenario.started).as_secs_f64())).collect();
    scenario.note(format!("first rally on pi1, pi2, pi3 after {}", first.join(", ")));
}

fn first_rally(scenario: &Scenario, node: &str) -> Option<SystemTime> {
    let records = scenario.load.records();
    let rallies = records.iter().filter(|record| record.node == node && record.result.is_ok());
    rallies.map(|record| record.ended()).min()
}
