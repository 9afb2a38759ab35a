//! A real Prometheus in the Swarm, deployed with stack.monitoring.yml.

use std::collections::BTreeSet;
use std::path::Path;

use reqwest::{Client, Url};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::swarm::{Engine, ROOT, get_inside, shell_with};
use crate::wait::until;

/// The node it runs on: the Swarm's manager, by the constraint of the stack.
const NODE: &str = "pi1";

/// A client that runs in the network of its container, since its port is not published.
pub(crate) struct Prometheus {
    pid: String,
}

impl Prometheus {
    /// Deploys the stack with images of Debian's programs, since the Swarm reaches no registry, and
    /// waits until it responds.
    pub(crate) async fn deploy() -> Self {
        let built = Command::new(Path::new(ROOT).join("tests/monitoring/image")).status().await;
        assert!(built.expect("a shell").success(), "no images");
        let images = [
            ("PONG_PROMETHEUS_IMAGE", "prometheus:debian"),
            ("PONG_EXPORTER_IMAGE", "node-exporter:debian"),
        ];
        let deploy =
            "docker stack deploy --resolve-image never -c stack.monitoring.yml pong-monitoring";
        shell_with(deploy, &images).await;
        let mut pid = None;
        until("Prometheus responds", 60, async || {
            pid = find().await;
            let Some(pid) = pid.clone() else { return false };
            Self { pid }.query("up").await.is_some()
        })
        .await;
        Self { pid: pid.expect("found") }
    }

    /// Returns the targets as `job instance health`.
    pub(crate) async fn targets(&self) -> Vec<String> {
        let data = self.get("targets?state=active").await.unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut targets = Vec::new();
        for target in data["activeTargets"].as_array().into_iter().flatten() {
            let labels = &target["labels"];
            targets.push(format!(
                "{} {} {}",
                text(&labels["job"]),
                text(&labels["instance"]),
                text(&target["health"])
            ));
        }
        targets.sort();
        targets
    }

    /// Returns the value of an expression.
    pub(crate) async fn number(&self, expression: &str) -> Option<f64> {
        self.query(expression).await?.get(0)?["value"][1].as_str()?.parse().ok()
    }

    /// Returns the paths for which an alert fires, such as `pi1>pi2`.
    pub(crate) async fn firing(&self, alert: &str) -> BTreeSet<String> {
        let firing = format!(r#"ALERTS{{alertname="{alert}",alertstate="firing"}}"#);
        let series = self.query(&firing).await.unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let path = |one: &Value| {
            let labels = &one["metric"];
            format!("{}>{}", text(&labels["from_node"]), text(&labels["to_node"]))
        };
        series.as_array().into_iter().flatten().map(path).collect()
    }

    async fn query(&self, expression: &str) -> Option<Value> {
        let url = Url::parse_with_params("http://prometheus/query", [("query", expression)]);
        let url = url.expect("a query");
        Some(self.get(&format!("query?{}", url.query()?)).await?["result"].take())
    }

    async fn get(&self, path: &str) -> Option<Value> {
        let url = format!("http://127.0.0.1:9090/api/v1/{path}");
        let output = get_inside(NODE, &self.pid, &url).await;
        let mut response: Value = serde_json::from_str(&output).ok()?;
        (response["status"] == "success").then(|| response["data"].take())
    }
}

/// Returns the process of its container.
async fn find() -> Option<String> {
    let engine = Engine::of(NODE);
    let label = "com.docker.swarm.service.name=pong-monitoring_prometheus";
    let running = engine.json("/containers/json", json!({ "label": [label] })).await.ok()?;
    let path = format!("/containers/{}/json", running.get(0)?["Id"].as_str()?);
    let pid = engine.json(&path, json!({})).await.ok()?["State"]["Pid"].as_u64()?;
    (pid > 0).then(|| pid.to_string())
}

/// Prints the response of a URL, or nothing if there is none; runs in a container's network.
pub(crate) async fn get(url: &str) {
    let client = Client::builder().no_proxy().build().expect("a client");
    if let Ok(response) = client.get(url).send().await {
        let text = response.text().await.unwrap_or_default();
        crate::table::print(&text);
    }
}
