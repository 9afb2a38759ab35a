//! The image as Docker itself runs it: the port that is published answers, and the container is
//! healthy, whatever the process was told to listen on.

use crate::scenario::TestRun;
use crate::swarm::{Engine, shell};
use crate::wait::until;

/// A name of a container, its options, its command, the port it listens on.
const RUNS: [(&str, &str, &str, u16); 3] = [
    ("plain", "", "", 3000),
    ("listen", "", "demo --listen 0.0.0.0:4000", 4000),
    ("init", "--init", "demo --listen 0.0.0.0:5000", 5000),
];

pub(crate) async fn published(run: &mut TestRun) {
    run.observe("docker run -p of the image", async |line| {
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        for (name, options, command, port) in RUNS {
            // The image's own healthcheck, sooner.
            shell(&format!(
                "docker run --detach --rm --name {name} --health-interval 2s {options} -p 8080:{port} swarm-pong:1 {command}"
            ))
            .await;
            until(&format!("a rally from {name}"), 20, async || {
                let answer = client.get("http://10.99.0.1:8080/").send().await;
                answer.is_ok_and(|answer| answer.status() == 200)
            })
            .await;
            line.rallies += 1;
            until(&format!("{name} is healthy"), 20, async || {
                let engine = Engine::of("pi1");
                engine.container(name).await["State"]["Health"]["Status"] == "healthy"
            })
            .await;
            line.notes.push(format!("docker run {options} swarm-pong {command}: healthy"));
            shell(&format!("docker stop {name}")).await;
        }
    })
    .await;
}
