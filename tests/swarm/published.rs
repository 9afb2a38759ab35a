//! A port that a node publishes and that is closed for one other node alone.

use std::time::{Duration, Instant};

use protocol::path::PathList;
use protocol::probe::ProbeFailure;

use crate::cost::count;
use crate::faults::{named, over, print_rows, reported};
use crate::load::STEADY;
use crate::scenario::{Allowance, Scenario, TestRun};
use crate::swarm::{NODES, shell, swarm_pong};
use crate::wait::until;

/// How soon it must be named, and be over.
const WITHIN: Duration = Duration::from_secs(35);

/// How long the bytes of checks are counted: several of each port.
const COUNTED: Duration = Duration::from_secs(60);

/// What comes to the port of pi3 from pi1, before Docker leads it to the proxy.
const FROM_PI1: &str = "PREROUTING -s 10.99.0.1 -p tcp --dport 3000";

/// What goes back.
const TO_PI1: &str = "POSTROUTING -d 10.99.0.1 -p tcp --sport 3000";

/// How many ports are checked, each from two nodes.
const CHECKED: usize = 6;

pub(crate) async fn closed_for_one_node(run: &mut TestRun) {
    let mut rows = Vec::new();
    run.play("published: all ports ok", STEADY, async |scenario| {
        until("all ports are checked", 60, async || {
            let (_, json) = swarm_pong(&["paths", "10.99.0.1", "--json"]).await;
            let list: Option<PathList> = serde_json::from_str(&json).ok();
            list.and_then(|list| list.ports).is_some_and(|ports| ports.len() == CHECKED)
        })
        .await;
        let (code, text) = swarm_pong(&["paths", "10.99.0.1"]).await;
        scenario.check(code == Some(0), format!("exit code {code:?}"));
        scenario.note(format!("swarm-pong paths: exit code {code:?}\n{text}"));
        note_cost(scenario).await;
        Allowance::default()
    })
    .await;
    run.play("published: port 3000 of pi3 closed for pi1", STEADY, async |scenario| {
        iptables(&format!("-t raw -I {FROM_PI1} -j DROP")).await;
        let port = reported(["pi1>10.99.0.3:3000 (pi3)"], ProbeFailure::Timeout.name());
        let row = named(scenario, &NODES, "port 3000 of pi3 closed for pi1", &port, WITHIN).await;
        let (code, text) = swarm_pong(&["paths", "10.99.0.2"]).await;
        scenario.check(code == Some(1), format!("exit code {code:?}"));
        scenario.note(format!("swarm-pong paths: exit code {code:?}\n{text}"));
        iptables(&format!("-t raw -D {FROM_PI1} -j DROP")).await;
        rows.push(over(scenario, row, &port, WITHIN).await);
        Allowance::default()
    })
    .await;
    print_rows(&rows);
}

/// Notes how many bytes the checks of one port from one node take, in both directions.
async fn note_cost(scenario: &mut Scenario) {
    for rule in [FROM_PI1, TO_PI1] {
        iptables(&format!("-t mangle -A {rule}")).await;
    }
    let started = Instant::now();
    until("the time is over", 90, async || started.elapsed() >= COUNTED).await;
    let seconds = started.elapsed().as_secs_f64();
    let counted = iptables("-t mangle -nvxL").await;
    let (packets, bytes) = count(&counted, "10.99.0.1");
    for rule in [FROM_PI1, TO_PI1] {
        iptables(&format!("-t mangle -D {rule}")).await;
    }
    let per_second = bytes as f64 / seconds;
    scenario.note(format!(
        "checks of one port from one node: {bytes} bytes in {packets} packets and {seconds:.0} s, \
         {per_second:.0} B/s"
    ));
    scenario.check(bytes > 0, "nothing was counted".to_owned());
}

/// Runs iptables in the network of pi3.
async fn iptables(arguments: &str) -> String {
    let path = "PATH=/var/lib/swarm-pong-cluster/pi3/bin:$PATH";
    shell(&format!("{path} nsenter --net=/run/netns/pong-pi3 iptables --wait {arguments}")).await
}
