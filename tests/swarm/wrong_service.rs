//! Addresses of another service in the DNS answers for ours, as a failover or an update of Docker may
//! leave them: no rally, page or probe is that service's, and everyone says so.

use std::time::{Duration, SystemTime};

use crate::load::STEADY;
use crate::scenario::{Allowance, Scenario, TestRun};
use crate::swarm::{NODES, Task, admin_page, log, running, shell, swarm_pong, until_running};
use crate::wait::until;

/// The other service: two pong players that are also found by the names of ours.
const CREATE: &str = "docker service create --detach --quiet --name foreign --replicas 2 \
    --endpoint-mode dnsrr --health-interval 2s \
    --network name=ping-pong-net,alias=ping,alias=manager,alias=scoreboard,alias=proxy \
    --env 'PONG_TASK=foreign.{{.Task.Slot}}' swarm-pong:1 player --side pong";

/// The log line about such an address, once for each.
const NOTICED: &str = "stale DNS: another service answers at this address";

/// How long rallies are played while the names are wrong.
const PLAYED: Duration = Duration::from_secs(8);

pub(crate) async fn took_addresses(run: &mut TestRun) {
    run.play("another service at addresses of ours", STEADY, async |scenario| {
        shell(CREATE).await;
        until_running("foreign", 2, 20).await;
        // What each service looks up: managers ping, proxies manager, scoreboards the other two.
        for (service, names) in [
            ("manager", &["ping"][..]),
            ("proxy", &["manager", "scoreboard"]),
            ("scoreboard", &["manager"]),
        ] {
            for task in running(&format!("pong_{service}")).await {
                for name in names {
                    check_log(scenario, service, &task, name).await;
                }
            }
        }
        let since = SystemTime::now();
        until("the time is over", 20, async || since.elapsed().is_ok_and(|time| time >= PLAYED))
            .await;
        let played = scenario.load.records().iter().filter(|one| one.requested >= since).count();
        scenario.note(format!("{played} rallies requested after all had noticed"));
        check_paths(scenario).await;
        note_faults(scenario).await;
        shell("docker service rm foreign").await;
        Allowance::default()
    })
    .await;
}

/// Waits until a task has noticed both addresses, and checks that it said so once of each.
async fn check_log(scenario: &mut Scenario, service: &str, task: &Task, name: &str) {
    let started = scenario.started;
    let noticed = async || {
        let log = log(task, started).await;
        let lines = log.lines().filter(|line| line.contains(NOTICED));
        lines.filter(|line| line.contains(&format!("\"service\":\"{name}\""))).count()
    };
    let what = format!("{service} on {} notices a wrong {name}", task.node);
    until(&what, 20, async || noticed().await >= 2).await;
    scenario.check(noticed().await == 2, format!("{what} more than once"));
}

/// Checks that every node's proxy reports the addresses as paths to another service.
async fn check_paths(scenario: &mut Scenario) {
    let mut output = String::new();
    until("paths says wrong_service from every node", 20, async || {
        let (code, text) = swarm_pong(&["paths", "http://10.99.0.1:3000"]).await;
        let reports = |node: &str| {
            text.lines().any(|line| line.starts_with(node) && line.contains("wrong_service"))
        };
        let all = NODES.iter().all(|node| reports(node));
        output = text;
        all && code == Some(1)
    })
    .await;
    scenario.note(format!("swarm-pong paths: exit code 1\n{output}"));
}

/// Notes what proxies and managers counted as answers of another service.
async fn note_faults(scenario: &mut Scenario) {
    for service in ["pong_proxy", "pong_manager"] {
        for task in running(service).await {
            let metrics = admin_page(&task, "metrics").await;
            let counted = metrics.lines().filter(|line| line.contains("cause=\"wrong_service\""));
            for line in counted.filter(|line| !line.ends_with(" 0")) {
                scenario.note(format!("{service} on {}: {line}", task.node));
            }
        }
    }
}
