//! The clusters that the page shows.

use crate::support::services;
use crate::support::swarm::Cluster;

/// Starts a demo in this process; returns it with the URL of its page.
pub(crate) fn demo(options: &[&str]) -> (services::Cluster, String) {
    let demo = services::Cluster::start(options);
    let url = format!("http://{}/", demo.proxy());
    (demo, url)
}

/// Starts one task of each service but the light, which play ten rallies a second.
pub(crate) fn smallest() -> Cluster {
    let tasks = ["ping.1", "pong.1", "manager.1", "scoreboard.1", "proxy.pi1"];
    Cluster::start(&tasks.map(|task| (task, "pi1")), &[("PONG_PLAY_EVERY", "100ms")])
}

/// Returns the URL of a cluster's page.
pub(crate) fn url(cluster: &Cluster) -> String {
    format!("http://{}/", cluster.proxies()[0])
}
