//! An update to an image whose healthcheck fails: Swarm rolls it back, and no client notices.

use std::time::Duration;

use crate::load::STEADY;
use crate::scenario::{Allowance, TestRun};
use crate::swarm::{NODES, cluster, running, shell, update_state};
use crate::wait::until;

const IMAGE: &str = "swarm-pong:unhealthy";

/// How soon the old image runs everywhere again, in seconds: two checks wait for 30 s each, with 2 s
/// before each, and Swarm watches the old image for 10 s.
const ROLLED_BACK_WITHIN: u64 = 90;

pub(crate) async fn update(run: &mut TestRun) {
    within(run, STEADY, ROLLED_BACK_WITHIN).await;
}

/// Updates players and managers, which must be rolled back within so many seconds, while clients pause
/// between their requests.
pub(crate) async fn within(run: &mut TestRun, pause: Duration, seconds: u64) {
    for node in NODES {
        create_image(node).await;
    }
    run.play("update to an image that is never healthy", pause, async |scenario| {
        let services = ["pong_ping", "pong_manager"];
        let started = scenario.started;
        for service in services {
            shell(&format!("docker service update --detach --image {IMAGE} {service}")).await;
        }
        for service in services {
            until(&format!("{service} is rolled back"), seconds, async || {
                let tasks = running(service).await;
                update_state(service).await == "rollback_completed"
                    && tasks.len() == 2
                    && tasks.iter().all(|task| task.image != IMAGE)
            })
            .await;
        }
        let seconds = started.elapsed().unwrap_or_default().as_secs_f64();
        scenario.note(format!("rolled back after {seconds:.1} s"));
        let unhealthy = scenario.events("", "health_status: unhealthy").len();
        scenario.note(format!("{unhealthy} tasks were started and never healthy"));
        scenario.check(unhealthy > 0, "the image was never started".to_owned());
        Allowance { unhealthy: vec!["ping.", "manager."], ..Allowance::default() }
    })
    .await;
}

/// Creates the image on one node: the first release, which checks a port where nothing listens.
async fn create_image(node: &str) {
    let change = r#"HEALTHCHECK CMD ["/swarm-pong", "healthcheck", "--admin", "127.0.0.1:9"]"#;
    let docker = async |arguments: &[&str]| {
        let words: Vec<&str> = ["docker", node].iter().chain(arguments).copied().collect();
        cluster(&words).await.trim().to_owned()
    };
    let container = docker(&["create", "swarm-pong:1", "healthcheck"]).await;
    docker(&["commit", "--change", change, &container, IMAGE]).await;
    docker(&["rm", &container]).await;
}
