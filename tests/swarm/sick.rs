//! An update to an image whose healthcheck fails: Swarm rolls it back, and nobody notices.

use crate::load::STEADY;
use crate::stage::{Excuse, Stage};
use crate::swarm::{NODES, cluster, running, shell, until, update_state};

pub(crate) async fn update(stage: &mut Stage) {
    for node in NODES {
        make(node).await;
    }
    stage
        .play("update to an image that is never healthy", STEADY, async |scene| {
            let services = ["pong_ping", "pong_manager"];
            for service in services {
                shell(&format!("docker service update --detach --image swarm-pong:sick {service}"))
                    .await;
            }
            for service in services {
                until(&format!("{service} is rolled back"), 60, async || {
                    let tasks = running(service).await;
                    update_state(service).await == "rollback_completed"
                        && tasks.len() == 2
                        && tasks.iter().all(|task| task.image != "swarm-pong:sick")
                })
                .await;
            }
            let sick = scene.events("", "health_status: unhealthy").len();
            scene.note(format!("{sick} tasks were tried and never healthy"));
            scene.check(sick > 0, "the sick image was never tried".to_owned());
            Excuse { sick: vec!["ping.", "manager."], ..Excuse::default() }
        })
        .await;
}

/// Makes the image on one node: the first release, asking a port where nobody is.
async fn make(node: &str) {
    let change = r#"HEALTHCHECK --interval=2s --timeout=5s --start-period=1s --retries=1 CMD ["/swarm-pong", "healthcheck", "--admin", "127.0.0.1:9"]"#;
    let docker = async |arguments: &[&str]| {
        let words: Vec<&str> = ["docker", node].iter().chain(arguments).copied().collect();
        cluster(&words).await.trim().to_owned()
    };
    let container = docker(&["create", "swarm-pong:1", "healthcheck"]).await;
    docker(&["commit", "--change", change, &container, "swarm-pong:sick"]).await;
    docker(&["rm", &container]).await;
}
