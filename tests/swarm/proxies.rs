//! The proxies, and the network of each.

use crate::swarm::{Engine, NODES, cluster, running};

/// A proxy and where it runs.
pub(crate) struct Proxy {
    pub(crate) node: &'static str,
    pub(crate) pid: String,
    pub(crate) address: String,
}

impl Proxy {
    /// Runs iptables in the proxy's network.
    pub(crate) async fn iptables(&self, arguments: &str) -> String {
        let path = format!("PATH=/var/lib/swarm-pong-cluster/{}/bin:$PATH", self.node);
        let line = format!("{path}; for rule in {arguments}; do iptables --wait $rule; done");
        cluster(&["enter", self.node, &self.pid, "sh", "-c", &line]).await
    }
}

/// Returns the proxies that run.
pub(crate) async fn proxies() -> Vec<Proxy> {
    let mut proxies = Vec::new();
    for task in running("pong_proxy").await {
        let node = *NODES.iter().find(|node| **node == task.node).expect("a node");
        let container = Engine::of(node).container(&task.container).await;
        let network = &container["NetworkSettings"]["Networks"]["ping-pong-net"];
        let address = network["IPAddress"].as_str().expect("an address").to_owned();
        proxies.push(Proxy { node, pid: container["State"]["Pid"].to_string(), address });
    }
    proxies
}
