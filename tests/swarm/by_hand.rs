//! The commands of `docs/swarm.md`, typed as they stand there.

use std::time::Instant;

use crate::response::{Format, read};
use crate::scenario::TestRun;
use crate::swarm::{NODES, ROOT, running, shell};
use crate::wait::until;

/// Returns the blocks of commands below a heading.
fn blocks(heading: &str) -> Vec<String> {
    let manual = std::fs::read_to_string(format!("{ROOT}/docs/swarm.md")).expect("a manual");
    let (_, section) = manual.split_once(&format!("\n## {heading}\n")).expect("a section");
    let section = section.split("\n## ").next().unwrap_or_default();
    section.split("```\n").skip(1).step_by(2).map(str::to_owned).collect()
}

pub(crate) async fn service_by_service(run: &mut TestRun) {
    run.observe("docs/swarm.md: typed by hand", async |line| {
        let [create, remove] = &blocks("The match, typed by hand")[..] else {
            panic!("one block creates, one removes")
        };
        let started = Instant::now();
        shell(create).await;
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        for (n, node) in NODES.into_iter().enumerate() {
            // The image's own healthcheck is a minute apart for a Docker before 25.
            until(&format!("a rally through {node}"), 120, async || {
                let answer = client
                    .get(format!("http://10.99.0.{}:3000/", n + 1))
                    .header("accept", Format::Json.media_type())
                    .send()
                    .await;
                let Ok(response) = answer else { return false };
                read(response, Format::Json, node).await.is_ok()
            })
            .await;
            line.rallies += 1;
        }
        let seconds = started.elapsed().as_secs_f64();
        line.notes.push(format!("every node served a rally after {seconds:.1} s"));
        shell(remove).await;
        until("the network is removed", 60, async || {
            shell("docker network ls --quiet --filter name=ping-pong-net").await.is_empty()
        })
        .await;

        let lamp = "/var/lib/swarm-pong-cluster/pi2/lamp/leds/leds/pong-green/written";
        let lit = || std::fs::read_to_string(lamp).unwrap_or_default().matches("255").count();
        let before = lit();
        shell(&blocks("The lights alone")[0]).await;
        until("pi2's lamp has been green", 60, async || lit() > before).await;
        line.notes.push("the light alone: pi2's lamp was green".to_owned());
        shell("docker service rm light").await;
        until("the light is removed", 30, async || running("light").await.is_empty()).await;
    })
    .await;
}
