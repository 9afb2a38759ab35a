//! A real Prometheus in the Swarm, deployed by stack.monitoring.yml as it is.

use std::collections::BTreeSet;
use std::path::Path;

use reqwest::{Client, Url};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::swarm::{Engine, ROOT, cluster, shell_with, until};

/// The node it runs on: the stack wants the Swarm's manager.
const HOME: &str = "pi1";

/// Asks it from within its container, since it has no port outside.
pub(crate) struct Prometheus {
    pid: String,
}

impl Prometheus {
    /// Deploys the stack with images of Debian's programs, since the Swarm reaches no registry, and
    /// waits until it answers.
    pub(crate) async fn deploy() -> Self {
        let made = Command::new(Path::new(ROOT).join("tests/monitoring/image")).status().await;
        assert!(made.expect("a shell").success(), "no images");
        let images = [
            ("PONG_PROMETHEUS_IMAGE", "prometheus:debian"),
            ("PONG_EXPORTER_IMAGE", "node-exporter:debian"),
        ];
        let deploy =
            "docker stack deploy --resolve-image never -c stack.monitoring.yml pong-monitoring";
        shell_with(deploy, &images).await;
        let mut pid = None;
        until("Prometheus answers", 60, async || {
            pid = find().await;
            let Some(pid) = pid.clone() else { return false };
            Self { pid }.query("up").await.is_some()
        })
        .await;
        Self { pid: pid.expect("found") }
    }

    /// The targets as `job instance health`.
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

    /// The number that an expression comes to.
    pub(crate) async fn number(&self, expression: &str) -> Option<f64> {
        self.query(expression).await?.get(0)?["value"][1].as_str()?.parse().ok()
    }

    /// The pairs that its alert for broken ones fires for, such as `pi1>pi2`.
    pub(crate) async fn broken(&self) -> BTreeSet<String> {
        let firing = r#"ALERTS{alertname="PongPairBroken",alertstate="firing"}"#;
        let series = self.query(firing).await.unwrap_or_default();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let pair = |one: &Value| {
            let labels = &one["metric"];
            format!("{}>{}", text(&labels["from_node"]), text(&labels["to_node"]))
        };
        series.as_array().into_iter().flatten().map(pair).collect()
    }

    async fn query(&self, expression: &str) -> Option<Value> {
        let url = Url::parse_with_params("http://prometheus/query", [("query", expression)]);
        let url = url.expect("a query");
        Some(self.get(&format!("query?{}", url.query()?)).await?["result"].take())
    }

    async fn get(&self, path: &str) -> Option<Value> {
        let this = std::env::current_exe().expect("Linux tells");
        let this = this.to_str().expect("a name in UTF-8");
        let url = format!("http://127.0.0.1:9090/api/v1/{path}");
        let said = cluster(&["enter", HOME, &self.pid, this, "get", &url]).await;
        let mut said: Value = serde_json::from_str(&said).ok()?;
        (said["status"] == "success").then(|| said["data"].take())
    }
}

/// The process of its container.
async fn find() -> Option<String> {
    let engine = Engine::of(HOME);
    let label = "com.docker.swarm.service.name=pong-monitoring_prometheus";
    let running = engine.json("/containers/json", json!({ "label": [label] })).await.ok()?;
    let path = format!("/containers/{}/json", running.get(0)?["Id"].as_str()?);
    let pid = engine.json(&path, json!({})).await.ok()?["State"]["Pid"].as_u64()?;
    (pid > 0).then(|| pid.to_string())
}

/// Writes what a URL answers to stdout, nothing if there is no answer: this program, run in a
/// container's network.
pub(crate) async fn get(url: &str) {
    let client = Client::builder().no_proxy().build().expect("a client");
    if let Ok(answer) = client.get(url).send().await {
        let text = answer.text().await.unwrap_or_default();
        crate::table::say(&text);
    }
}
