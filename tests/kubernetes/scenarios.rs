//! What is done to the cluster while clients play.

use crate::cluster::{NODES, Pod, kubectl, lab, pods, until_rolled_out, url};
use crate::scenario::{Allowance, TestRun};
use crate::wait::until;

/// The workloads whose rolling update no client notices.
const DEPLOYMENTS: [&str; 4] = ["ping", "pong", "manager", "scoreboard"];

const WORKLOADS: [&str; 6] = [
    "deployment/ping",
    "deployment/pong",
    "deployment/manager",
    "deployment/scoreboard",
    "daemonset/proxy",
    "daemonset/light",
];

/// Deploys the manifests and waits until every node serves rallies.
pub(crate) async fn apply(run: &mut TestRun) {
    kubectl("apply --kustomize kubernetes/lab").await;
    until_rolled_out(&WORKLOADS).await;
    for node in NODES {
        until_serving(node).await;
    }
    run.play("kubectl apply --kustomize: two players a side", async |scenario| {
        scenario.until_players("ping", 2).await;
        scenario.until_players("pong", 2).await;
        Allowance::default()
    })
    .await;
}

/// Waits until a node's proxy reaches a manager.
async fn until_serving(node: &str) {
    until(&format!("{node} serves rallies"), 120, async || {
        let health = reqwest::get(url(node) + "/healthz").await;
        health.is_ok_and(|response| response.status() == 200)
    })
    .await;
}

pub(crate) async fn scale(run: &mut TestRun) {
    run.play("kubectl scale deployment ping: 6, and 2", async |scenario| {
        kubectl("scale deployment ping --replicas 6").await;
        scenario.until_players("ping", 6).await;
        until_rolled_out(&["deployment/ping"]).await;
        kubectl("scale deployment ping --replicas 2").await;
        until("two pods stay", 60, async || pods("ping").await.len() == 2).await;
        scenario.until_players("ping", 2).await;
        Allowance::default()
    })
    .await;
}

pub(crate) async fn roll(run: &mut TestRun) {
    run.play("kubectl set image: ping, pong, manager, scoreboard", async |_| {
        for name in DEPLOYMENTS {
            kubectl(&format!("set image deployment/{name} {name}=swarm-pong:2")).await;
        }
        until_rolled_out(&WORKLOADS[..4]).await;
        Allowance::default()
    })
    .await;
}

pub(crate) async fn roll_proxies(run: &mut TestRun) {
    run.play("kubectl set image: proxy, light", async |_| {
        for name in ["proxy", "light"] {
            kubectl(&format!("set image daemonset/{name} {name}=swarm-pong:2")).await;
        }
        until_rolled_out(&WORKLOADS[4..]).await;
        Allowance::default()
    })
    .await;
}

pub(crate) async fn drain(run: &mut TestRun) {
    run.play("kubectl drain k2, and uncordon", async |_| {
        kubectl("drain k2 --ignore-daemonsets --timeout 300s").await;
        for name in DEPLOYMENTS {
            until(&format!("{name} is ready on k1"), 120, async || {
                let pods = pods(name).await;
                pods.len() == 2 && pods.iter().all(|pod| pod.ready && pod.node == "k1")
            })
            .await;
        }
        kubectl("uncordon k2").await;
        Allowance::default()
    })
    .await;
}

/// Kills the process of a pod of each service at once.
pub(crate) async fn kill(run: &mut TestRun) {
    run.play("SIGKILL: one of each service", async |_| {
        let mut killed = Vec::new();
        for name in ["ping", "pong", "manager", "proxy", "light"] {
            killed.push((name, pods(name).await.swap_remove(0)));
        }
        // A manager's last counters may be known to one scoreboard alone, so that one stays.
        for (_, Pod { node, container, .. }) in &killed {
            lab(&format!(
                "on {node} ctr --namespace k8s.io tasks kill --signal SIGKILL {container}"
            ))
            .await;
        }
        let proxy = killed.iter().find(|(name, _)| *name == "proxy").expect("a proxy");
        let broken = NODES.into_iter().find(|node| *node == proxy.1.node);
        for (name, old) in &killed {
            until(&format!("{name} is back"), 120, async || {
                let pods = pods(name).await;
                let is_back =
                    |pod: &Pod| pod.name == old.name && pod.restarts > old.restarts && pod.ready;
                pods.iter().any(is_back)
            })
            .await;
        }
        Allowance { broken, uncounted: true }
    })
    .await;
}

/// Loses a node with all that runs on it, until its pods have been replaced; then it comes back.
pub(crate) async fn lose_a_node(run: &mut TestRun) {
    run.play("k2 lost at once, and back", async |_| {
        lab("kill k2").await;
        for name in DEPLOYMENTS {
            until(&format!("{name} has two pods on k1"), 240, async || {
                let pods = pods(name).await;
                pods.iter().filter(|pod| pod.node == "k1" && pod.ready).count() >= 2
            })
            .await;
        }
        lab("revive k2").await;
        kubectl("wait --for condition=Ready node/k2 --timeout 120s").await;
        until_serving("k2").await;
        Allowance { broken: Some("k2"), uncounted: true }
    })
    .await;
}
