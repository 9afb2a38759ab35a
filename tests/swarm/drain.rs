//! A node that is drained and activated again.

use crate::load::STEADY;
use crate::scenario::{Allowance, TestRun};
use crate::swarm::{running, shell, until, until_running};

pub(crate) async fn a_node(run: &mut TestRun) {
    run.play("drain pi2, and bring it back", STEADY, async |scenario| {
        shell("docker node update --availability drain pi2").await;
        for service in ["pong_ping", "pong_pong", "pong_manager"] {
            until(&format!("{service} runs elsewhere"), 40, async || {
                let tasks = running(service).await;
                tasks.len() == 2 && tasks.iter().all(|task| task.node != "pi2")
            })
            .await;
        }
        until_running("pong_proxy", 2, 20).await;
        shell("docker node update --availability active pi2").await;
        until_running("pong_proxy", 3, 20).await;
        let gap = scenario.longest_gap("pi2").as_secs_f64();
        scenario.note(format!("pi2 served no rally for {gap:.1} s"));
        Allowance { closed: vec!["pi2"], ..Allowance::default() }
    })
    .await;
}
