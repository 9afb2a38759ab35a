//! Clusters to look at: the demo in this process, and services as processes with names in DNS.

use clap::Parser;
use swarm_pong::demo::{Demo, DemoOptions};
use tokio_util::sync::CancellationToken;

use crate::named::Cluster;

#[derive(Parser)]
struct Words {
    #[command(flatten)]
    demo: DemoOptions,
}

/// Starts the demo on free ports; returns it with the address of its first door.
pub(crate) fn demo(words: &[&str], stop: &CancellationToken) -> (Demo, String) {
    let always = ["demo", "--listen", "127.0.0.1:0"];
    let words = Words::parse_from(always.iter().chain(words));
    let demo = Demo::start(words.demo, None, stop.clone()).expect("free ports");
    let url = format!("http://{}/", demo.nodes()[0].proxy);
    (demo, url)
}

/// Starts one task of each service but the light, and has them play ten rallies a second.
pub(crate) fn smallest() -> Cluster {
    let tasks = ["ping.1", "pong.1", "manager.1", "scoreboard.1", "proxy.pi1"];
    Cluster::start(&tasks.map(|task| (task, "pi1")), &[("PONG_PLAY_EVERY", "100ms")])
}

/// Returns the address of the page.
pub(crate) fn url(cluster: &Cluster) -> String {
    format!("http://{}/", cluster.doors()[0])
}
