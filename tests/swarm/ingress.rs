//! The stack with both files: port 3000 through the routing mesh. Whether the mesh carries anything
//! depends on the kernel, so this is about what Swarm was told.

use serde_json::json;

use crate::deploy;
use crate::scenario::TestRun;
use crate::swarm::{Engine, shell};

pub(crate) async fn both_files(run: &mut TestRun) {
    run.observe("docker stack deploy -c … -c stack.ingress.yml", async |line| {
        shell(&deploy::command_with_ingress().await).await;
        let engine = Engine::of("pi1");
        let proxy = engine.json("/services/pong_proxy", json!({})).await.expect("a service");
        let spec = &proxy["Spec"];
        for (what, is, wanted) in [
            (
                "ports",
                spec["EndpointSpec"]["Ports"].as_array().map_or(0, Vec::len).into(),
                json!(1),
            ),
            ("mode", spec["EndpointSpec"]["Ports"][0]["PublishMode"].clone(), json!("ingress")),
            ("update order", spec["UpdateConfig"]["Order"].clone(), json!("start-first")),
            ("update delay", spec["UpdateConfig"]["Delay"].clone(), json!(2_000_000_000)),
            ("rollback order", spec["RollbackConfig"]["Order"].clone(), json!("start-first")),
        ] {
            line.notes.push(format!("{what}: {is}"));
            if is != wanted {
                line.faults.push(format!("{what} must be {wanted}"));
            }
        }
        deploy::remove().await;
    })
    .await;
}
