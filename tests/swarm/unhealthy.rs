//! An update to an image whose healthcheck fails: Swarm rolls it back, and no client notices.

use crate::load::STEADY;
use crate::scenario::{Allowance, TestRun};
use crate::swarm::{NODES, cluster, running, shell, until, update_state};

const IMAGE: &str = "swarm-pong:unhealthy";

pub(crate) async fn update(run: &mut TestRun) {
    for node in NODES {
        create_image(node).await;
    }
    run.play("update to an image that is never healthy", STEADY, async |scenario| {
        let services = ["pong_ping", "pong_manager"];
        for service in services {
            shell(&format!("docker service update --detach --image {IMAGE} {service}")).await;
        }
        for service in services {
            until(&format!("{service} is rolled back"), 60, async || {
                let tasks = running(service).await;
                update_state(service).await == "rollback_completed"
                    && tasks.len() == 2
                    && tasks.iter().all(|task| task.image != IMAGE)
            })
            .await;
        }
        let unhealthy = scenario.events("", "health_status: unhealthy").len();
        scenario.note(format!("{unhealthy} tasks were started and never healthy"));
        scenario.check(unhealthy > 0, "the image was never started".to_owned());
        Allowance { unhealthy: vec!["ping.", "manager."], ..Allowance::default() }
    })
    .await;
}

/// Creates the image on one node: the first release, which checks a port where nothing listens.
async fn create_image(node: &str) {
    let change = r#"HEALTHCHECK --interval=2s --timeout=5s --start-period=1s --retries=1 CMD ["/swarm-pong", "healthcheck", "--admin", "127.0.0.1:9"]"#;
    let docker = async |arguments: &[&str]| {
        let words: Vec<&str> = ["docker", node].iter().chain(arguments).copied().collect();
        cluster(&words).await.trim().to_owned()
    };
    let container = docker(&["create", "swarm-pong:1", "healthcheck"]).await;
    docker(&["commit", "--change", change, &container, IMAGE]).await;
    docker(&["rm", &container]).await;
}
