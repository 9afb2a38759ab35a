//! The cluster, by kubectl and the laboratory's script.

use std::process::Stdio;

use serde_json::Value;
use tokio::process::Command;

/// The nodes.
pub(crate) const NODES: [&str; 2] = ["k1", "k2"];

/// Returns the address of a node's port.
pub(crate) fn url(node: &str) -> String {
    let n = NODES.iter().position(|known| *known == node).expect("a node") + 1;
    format!("http://10.98.0.{n}:3000")
}

/// A pod and its container.
pub(crate) struct Pod {
    pub(crate) name: String,
    pub(crate) node: String,
    pub(crate) container: String,
    pub(crate) ready: bool,
    pub(crate) restarts: u64,
}

/// Runs a command of the laboratory's script, which must succeed; returns its output.
pub(crate) async fn lab(arguments: &str) -> String {
    let script = std::env::var("PONG_KUBERNETES").expect("tests/kubernetes/run sets it");
    let mut command = Command::new(script);
    command.args(arguments.split_whitespace()).current_dir(env!("CARGO_MANIFEST_DIR"));
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output().await.expect("it starts");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments}: {}\n{errors}", output.status);
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs kubectl in the namespace of the match.
pub(crate) async fn kubectl(arguments: &str) -> String {
    lab(&format!("kubectl --namespace swarm-pong {arguments}")).await
}

/// Returns the pods of a service that are not about to end, in the order of their names.
pub(crate) async fn pods(service: &str) -> Vec<Pod> {
    let listed = kubectl(&format!("get pods --selector app={service} --output json")).await;
    let listed: Value = serde_json::from_str(&listed).expect("JSON");
    let stays = |pod: &&Value| pod["metadata"]["deletionTimestamp"].is_null();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let pod = |pod: &Value| {
        let status = &pod["status"]["containerStatuses"][0];
        Pod {
            name: text(&pod["metadata"]["name"]),
            node: text(&pod["spec"]["nodeName"]),
            container: text(&status["containerID"]).replace("containerd://", ""),
            ready: status["ready"] == true,
            restarts: status["restartCount"].as_u64().unwrap_or_default(),
        }
    };
    listed["items"].as_array().expect("a list").iter().filter(stays).map(pod).collect()
}

/// Waits until a rolling update or a start is complete.
pub(crate) async fn until_rolled_out(workloads: &[&str]) {
    for workload in workloads {
        kubectl(&format!("rollout status {workload} --timeout 300s")).await;
    }
}
