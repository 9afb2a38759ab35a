//! The Swarm: Docker's commands, the API of its engines, and failures of nodes.

use std::path::Path;
use std::process::Stdio;
use std::time::SystemTime;

use reqwest::{Client, Response, Url};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::wait::until;

/// The nodes; the first is the Swarm's manager.
pub(crate) const NODES: [&str; 3] = ["pi1", "pi2", "pi3"];

/// The project's root.
pub(crate) const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Runs lab/cluster, which must succeed, and returns its output.
pub(crate) async fn cluster(arguments: &[&str]) -> String {
    run(&mut cluster_command(arguments)).await
}

/// Returns a command of the script that makes the Swarm, to be started.
pub(crate) fn cluster_command(arguments: &[&str]) -> Command {
    let mut command = Command::new(Path::new(ROOT).join("lab/cluster"));
    command.args(arguments);
    command
}

/// Runs a command line on the Swarm's manager, as a person would.
pub(crate) async fn shell(line: &str) -> String {
    shell_with(line, &[]).await
}

/// Runs a command line on the Swarm's manager with settings.
pub(crate) async fn shell_with(line: &str, settings: &[(&str, &str)]) -> String {
    let mut command = Command::new("/bin/sh");
    command.args(["-euc", line]).current_dir(ROOT);
    command.env("DOCKER_HOST", format!("unix://{}", socket("pi1")));
    run(command.envs(settings.iter().copied())).await
}

/// Runs our command line, as an operator does; returns its exit code and what it printed.
pub(crate) async fn swarm_pong(arguments: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_swarm-pong"));
    let output = command.args(arguments).output().await.expect("the binary starts");
    (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
}

async fn run(command: &mut Command) -> String {
    let line = format!("{:?}", command.as_std());
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await;
    let output = output.unwrap_or_else(|error| panic!("{line}: {error}"));
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{line}: {}\n{errors}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn socket(node: &str) -> String {
    format!("/var/lib/swarm-pong-cluster/{node}/docker.sock")
}

/// One node's engine.
#[derive(Clone, Debug)]
pub(crate) struct Engine {
    pub(crate) node: &'static str,
    client: Client,
}

impl Engine {
    pub(crate) fn of(node: &'static str) -> Self {
        let client = Client::builder().unix_socket(socket(node)).build().expect("a client");
        Self { node, client }
    }

    /// Sends a request to the engine, with filters in Docker's format.
    pub(crate) async fn get(&self, path: &str, filters: Value) -> reqwest::Result<Response> {
        let filters = filters.to_string();
        let url = Url::parse_with_params(&format!("http://docker{path}"), [("filters", filters)]);
        self.client.get(url.expect("a path")).send().await?.error_for_status()
    }

    pub(crate) async fn json(&self, path: &str, filters: Value) -> reqwest::Result<Value> {
        let text = self.get(path, filters).await?.text().await?;
        Ok(serde_json::from_str(&text).expect("JSON"))
    }

    /// Returns what the engine knows of a container, by id or name.
    pub(crate) async fn container(&self, container: &str) -> Value {
        let path = format!("/containers/{container}/json");
        self.json(&path, json!({})).await.expect("a container")
    }

    /// Returns the log of a container since then, without the eight bytes that Docker puts before
    /// each piece; `follow` waits for its end. None when the engine or the container is gone.
    pub(crate) async fn log(
        &self,
        container: &str,
        since: SystemTime,
        follow: bool,
    ) -> Option<String> {
        let since = since.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let since = format!("{}.{:09}", since.as_secs(), since.subsec_nanos());
        let path =
            format!("/containers/{container}/logs?stdout=1&stderr=1&follow={follow}&since={since}");
        let log = self.get(&path, json!({})).await.ok()?.bytes().await.ok()?;
        let (mut text, mut rest) = (Vec::new(), &log[..]);
        while let Some((head, after)) = rest.split_at_checked(8) {
            let length = u32::from_be_bytes(head[4..].try_into().expect("four bytes")) as usize;
            let (piece, after) = after.split_at(length.min(after.len()));
            text.extend_from_slice(piece);
            rest = after;
        }
        Some(String::from_utf8_lossy(&text).into_owned())
    }
}

/// A running task: healthy, as Swarm defines it.
#[derive(Debug)]
pub(crate) struct Task {
    pub(crate) node: String,
    pub(crate) image: String,
    pub(crate) container: String,
}

/// Returns the running tasks of a service that are not to be replaced, the oldest first.
pub(crate) async fn running(service: &str) -> Vec<Task> {
    let engine = Engine::of("pi1");
    let nodes = engine.json("/nodes", json!({})).await.expect("nodes");
    let filters = json!({ "service": [service], "desired-state": ["running"] });
    let tasks = engine.json("/tasks", filters).await.expect("tasks");
    let mut tasks: Vec<&Value> = tasks.as_array().expect("a list").iter().collect();
    tasks.sort_by_key(|task| task["CreatedAt"].as_str());
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let name = |id: &Value| {
        let node = nodes.as_array()?.iter().find(|node| node["ID"] == *id)?;
        Some(text(&node["Description"]["Hostname"]))
    };
    tasks
        .into_iter()
        .filter(|task| task["Status"]["State"] == "running")
        .map(|task| Task {
            node: name(&task["NodeID"]).unwrap_or_default(),
            image: text(&task["Spec"]["ContainerSpec"]["Image"]),
            container: text(&task["Status"]["ContainerStatus"]["ContainerID"]),
        })
        .collect()
}

/// Returns the log of a task since then.
pub(crate) async fn log(task: &Task, since: SystemTime) -> String {
    let engine = Engine::of(node(&task.node));
    engine.log(&task.container, since, false).await.expect("a log")
}

/// Returns a page of a task's admin port, which is not published: from inside its network.
pub(crate) async fn admin_page(task: &Task, page: &str) -> String {
    let engine = Engine::of(node(&task.node));
    let pid = engine.container(&task.container).await["State"]["Pid"].to_string();
    get_inside(&task.node, &pid, &format!("http://127.0.0.1:3001/{page}")).await
}

/// Returns what a URL answers in the network of a process: this test runs itself again there.
pub(crate) async fn get_inside(node: &str, pid: &str, url: &str) -> String {
    let this = std::env::current_exe().expect("Linux knows it");
    let this = this.to_str().expect("a name in UTF-8");
    cluster(&["enter", node, pid, this, "get", url]).await
}

fn node(name: &str) -> &'static str {
    NODES.into_iter().find(|node| *node == name).expect("a node")
}

/// Returns the state of a service's update: `updating`, `completed`, `rollback_completed`, …
pub(crate) async fn update_state(service: &str) -> String {
    let engine = Engine::of("pi1");
    let service = engine.json(&format!("/services/{service}"), json!({})).await.expect("a service");
    service["UpdateStatus"]["State"].as_str().unwrap_or_default().to_owned()
}

/// Waits until a service has exactly so many running tasks.
pub(crate) async fn until_running(service: &str, count: usize, seconds: u64) {
    let what = format!("{count} tasks of {service}");
    until(&what, seconds, async || running(service).await.len() == count).await;
}
