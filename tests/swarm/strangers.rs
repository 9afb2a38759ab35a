//! Strangers at a published port: whatever they do, the proxy keeps to the memory that stack.yml allows
//! it, and rallies are played.

use std::time::{Duration, SystemTime};

use serde_json::json;

use crate::attack::Attack;
use crate::attacks;
use crate::load::STEADY;
use crate::scenario::{Allowance, Scenario, TestRun};
use crate::swarm::{Engine, running};

/// The attacks that cost a proxy most, and one that stack.yml's limit did not survive for a second.
const ATTACKS: [&str; 5] = [
    "1,000 half heads of 125 KB",
    "2,600 kept alive",
    "files, not read",
    "1,000 event streams",
    "five of these at once",
];

/// How long each takes.
const TIME: Duration = Duration::from_secs(5);

const NODE: &str = "pi1";

pub(crate) async fn at_a_node(run: &mut TestRun) {
    run.play("strangers at pi1", STEADY, async |scenario| {
        let address = "10.99.0.1:3000".parse().expect("an address");
        for attack in attacks::all().iter().filter(is_chosen) {
            let begun = SystemTime::now();
            let attacking = attack.start(address, TIME);
            let ended = tokio::task::spawn_blocking(|| attacking.join().expect("no panic")).await;
            let (connections, sent) = ended.expect("no panic");
            let (name, megabytes) = (attack.name, sent as f64 / 1e6);
            let played = rallies_since(scenario, begun);
            scenario.note(format!(
                "{name}: {connections} connections, {megabytes:.1} MB sent, {played} rallies at {NODE} meanwhile"
            ));
            scenario.check(played > 0, format!("no rally was played at {NODE} during {name}"));
        }
        let engine = Engine::of(NODE);
        let tasks = running("pong_proxy").await;
        let proxy = tasks.iter().find(|task| task.node == NODE).expect("a proxy");
        let stats = format!("/containers/{}/stats?stream=false", proxy.container);
        let stats = engine.json(&stats, json!({})).await.expect("statistics");
        let memory = &stats["memory_stats"];
        let megabytes = |field: &str| memory[field].as_f64().map(|bytes| bytes / f64::from(1 << 20));
        let (most, limit) = (megabytes("max_usage"), megabytes("limit"));
        let (Some(most), Some(limit)) = (most, limit) else { panic!("no statistics: {memory}") };
        scenario.note(format!("the proxy's most memory: {most:.1} MB of {limit:.1}"));
        scenario.check(limit <= 32.0, "no limit of 32 MB".to_owned());
        Allowance { strangers: true, ..Allowance::default() }
    })
    .await;
}

fn is_chosen(attack: &&Attack) -> bool {
    attack.service == "proxy" && ATTACKS.contains(&attack.name)
}

fn rallies_since(scenario: &Scenario, then: SystemTime) -> usize {
    let records = scenario.load.records();
    let here = records.iter().filter(|record| record.node == NODE && record.requested >= then);
    here.filter(|record| record.result.is_ok()).count()
}
