//! A node taken out of service in good order, and brought back.

use crate::load::STEADY;
use crate::stage::{Excuse, Stage};
use crate::swarm::{running, shell, until, until_running};

pub(crate) async fn a_node(stage: &mut Stage) {
    stage
        .play("drain pi2, and bring it back", STEADY, async |scene| {
            shell("docker node update --availability drain pi2").await;
            for service in ["pong_ping", "pong_pong", "pong_manager"] {
                until(&format!("{service} plays elsewhere"), 40, async || {
                    let tasks = running(service).await;
                    tasks.len() == 2 && tasks.iter().all(|task| task.node != "pi2")
                })
                .await;
            }
            until_running("pong_proxy", 2, 20).await;
            shell("docker node update --availability active pi2").await;
            until_running("pong_proxy", 3, 20).await;
            let closed = scene.closed_for("pi2").as_secs_f64();
            scene.note(format!("pi2 gave no rally for {closed:.1} s"));
            Excuse { closed: vec!["pi2"], ..Excuse::default() }
        })
        .await;
}
