//! A node that is drained and activated again.

use crate::load::STEADY;
use crate::paths::SAME_IN_A_ROW;
use crate::scenario::{Allowance, Scenario, TestRun};
use crate::swarm::{running, shell, swarm_pong, until_running};
use crate::wait::until;

pub(crate) async fn a_node(run: &mut TestRun) {
    run.play("drain pi2, and bring it back", STEADY, async |scenario| {
        shell("docker node update --availability drain pi2").await;
        check_paths(scenario).await;
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

/// Waits until `swarm-pong paths` knows of the other nodes alone, and checks that it never reports a
/// broken path meanwhile: a node that is drained is not lost.
pub(crate) async fn check_paths(scenario: &mut Scenario) {
    let mut broken = Vec::new();
    let mut without = 0;
    until("paths knows of two nodes", 40, async || {
        let (code, text) = swarm_pong(&["paths", "http://10.99.0.1:3000"]).await;
        let is_gone = text.starts_with("2 nodes, 2 of 2 pairs measured, ");
        without = if is_gone { without + 1 } else { 0 };
        broken.extend((code == Some(1)).then_some(text));
        without == SAME_IN_A_ROW
    })
    .await;
    scenario.check(broken.is_empty(), format!("a drained node is reported: {broken:?}"));
}
