//! Path probing: each broken path is reported with its cause, through every node's port and by the
//! command; no other path is; and it is ok again when it heals.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant, SystemTime};

use futures_util::future::join_all;
use protocol::path::{PathList, PathState};
use protocol::probe::ProbeFailure;
use reqwest::Client;
use serde_json::{Value, json};

use crate::cost::check_cost;
use crate::load::STEADY;
use crate::prometheus::Prometheus;
use crate::scenario::{Allowance, Scenario, TestRun};
use crate::swarm::{Engine, NODES, cluster, swarm_pong, until_running};
use crate::wait::until;

/// How soon a broken path must be reported, and how soon one that has healed must be ok.
const REPORTED_WITHIN: Duration = Duration::from_secs(15);

/// How soon a loss of a fifth must be reported, and how soon it must be over.
const LOSS_REPORTED_WITHIN: Duration = Duration::from_secs(60);

/// The nodes between which packets are dropped.
const FROM: &str = "pi1";
const TO: &str = "pi2";

/// The node whose proxy is killed.
const VICTIM: &str = "pi3";

/// The size from which packets are dropped where only large ones are: with 50 bytes around it less
/// than the overlay's MTU of 1,450, and more than any probe but a large one.
const LARGE: &str = "1400";

/// How many responses in a row must be the same: the proxy uses its two scoreboards in turn.
pub(crate) const SAME_IN_A_ROW: usize = 4;

/// The number of Prometheus' targets: 14 tasks, a node exporter on every node, and itself.
const TARGETS: usize = 18;

/// Maximum difference between Prometheus' rate and the clients': it scrapes each 5 s, so its 15 s are
/// not the same.
const MAX_RATE_DIFFERENCE: f64 = 0.15;

/// The paths that are reported, such as `pi1>pi2`, with their causes, or `loss`, and the ports, such as
/// `pi1>10.99.0.3:3000 (pi3)`.
pub(crate) type Reported = BTreeMap<String, &'static str>;

pub(crate) async fn each_failure_is_reported(run: &mut TestRun) {
    let prometheus = Prometheus::deploy().await;
    let none = Reported::new();
    run.play("paths: all six ok", STEADY, async |scenario| {
        check_reports(scenario, &NODES, &none, &none, REPORTED_WITHIN).await;
        check_command(scenario, 0).await;
        check_cost(scenario).await;
        check_targets(scenario, &prometheus).await;
        Allowance::default()
    })
    .await;
    for (name, some, cause) in [
        ("paths: one direction of one link dropped", None, ProbeFailure::Timeout.name()),
        (
            "paths: large packets of one direction dropped",
            Some(LARGE),
            ProbeFailure::LargePackets.name(),
        ),
        ("paths: a fifth of one direction dropped", Some("20%"), PathState::Loss.name()),
    ] {
        run.play(name, STEADY, async |scenario| {
            let packets: Vec<&str> = [FROM, TO].into_iter().chain(some).collect();
            cluster(&[&["drop"], &packets[..]].concat()).await;
            // A connection needs both directions; what is large or counted goes in one.
            let paths = if some.is_some() { &["pi1>pi2"][..] } else { &["pi1>pi2", "pi2>pi1"] };
            let broken = paths.iter().map(|path| ((*path).to_owned(), cause)).collect();
            let is_loss = cause == PathState::Loss.name();
            let within = if is_loss { LOSS_REPORTED_WITHIN } else { REPORTED_WITHIN };
            check_reports(scenario, &NODES, &none, &broken, within).await;
            check_command(scenario, 1).await;
            let alert = if is_loss { "PongPathLoss" } else { "PongPathBroken" };
            check_alert(scenario, &prometheus, alert, &broken).await;
            cluster(&[&["pass"], &packets[..]].concat()).await;
            check_reports(scenario, &NODES, &broken, &none, 2 * within).await;
            // The alert for a loss goes on for minutes.
            check_alert(scenario, &prometheus, "PongPathBroken", &none).await;
            Allowance { nodes: vec![FROM, TO], ..Allowance::default() }
        })
        .await;
    }
    run.play("paths: a proxy killed whenever it starts", STEADY, async |scenario| {
        let mut killed = Vec::new();
        let paths = ["pi1>pi3", "pi2>pi3"].map(|path| (path.to_owned(), ProbeFailure::Lost.name()));
        let broken = Reported::from(paths);
        let reported = check_reports(scenario, &[FROM, TO], &none, &broken, REPORTED_WITHIN);
        tokio::select! {
            biased;
            _ = reported => {}
            () = keep_killing(&mut killed) => {}
        }
        check_command(scenario, 1).await;
        check_reports(scenario, &[FROM, TO], &broken, &none, REPORTED_WITHIN).await;
        until_running("pong_proxy", NODES.len(), 20).await;
        Allowance { killed, ..Allowance::default() }
    })
    .await;
}

/// Checks that Prometheus discovers every task and every node, and counts what clients count.
async fn check_targets(scenario: &mut Scenario, prometheus: &Prometheus) {
    let mut targets = Vec::new();
    until("all targets are up", 60, async || {
        targets = prometheus.targets().await;
        targets.len() == TARGETS && targets.iter().all(|target| target.ends_with(" up"))
    })
    .await;
    let list = targets.join("\n   ");
    scenario.note(format!("Prometheus has {TARGETS} targets, all up:\n   {list}"));
    let query = "sum(rate(pong_rallies_total[15s]))";
    let counted = prometheus.number(query).await.unwrap_or_default();
    let since = SystemTime::now() - Duration::from_secs(15);
    let records = scenario.load.records();
    let rallies = records.iter().filter(|record| record.result.is_ok() && record.ended() >= since);
    let received = rallies.count() as f64 / 15.0;
    drop(records);
    scenario
        .note(format!("{query} = {counted:.1}; clients received {received:.1}/s in these 15 s"));
    let close = (counted - received).abs() <= MAX_RATE_DIFFERENCE * received;
    let fault = format!("Prometheus counts {counted:.1} rallies/s, clients {received:.1}");
    scenario.check(close, fault);
}

/// Checks that the alert fires for these paths and no others. Prometheus may itself be cut off from
/// the node that reports one direction; it always scrapes one of the two.
async fn check_alert(
    scenario: &mut Scenario,
    prometheus: &Prometheus,
    alert: &str,
    broken: &Reported,
) {
    let started = Instant::now();
    let mut firing = BTreeSet::new();
    until(&format!("{alert} for {broken:?}"), 60, async || {
        firing = prometheus.firing(alert).await;
        let expected = firing.iter().all(|path| broken.contains_key(path));
        expected && firing.is_empty() == broken.is_empty()
    })
    .await;
    let seconds = started.elapsed().as_secs_f64();
    scenario.note(format!("{alert} fires for {firing:?}, {seconds:.1} s later"));
}

/// Waits until each of these nodes reports exactly these paths, checks that it took no longer than it
/// may and that no others were reported than these and those before; returns the seconds, and what was
/// reported.
pub(crate) async fn check_reports(
    scenario: &mut Scenario,
    nodes: &[&'static str],
    before: &Reported,
    broken: &Reported,
    within: Duration,
) -> (f64, Reported) {
    let client = Client::builder().no_proxy().timeout(Duration::from_secs(5)).build();
    let client = client.expect("a client");
    let started = Instant::now();
    // How many responses in a row were right, and after how many seconds the first of them came.
    let mut right: BTreeMap<&str, (usize, f64)> = BTreeMap::new();
    let mut others = Vec::new();
    let mut last = Reported::new();
    until(&format!("{broken:?} through {nodes:?}"), within.as_secs() + 25, async || {
        let responses = join_all(nodes.iter().map(|node| fetch(&client, node))).await;
        for (node, response) in nodes.iter().zip(responses) {
            let Some(reported) = response else { continue };
            if agrees(&reported, broken) {
                last.clone_from(&reported);
                right.entry(node).or_insert((0, started.elapsed().as_secs_f64())).0 += 1;
            } else {
                right.remove(node);
            }
            let unknown =
                |path: &&String| !broken.contains_key(*path) && !before.contains_key(*path);
            let unknown = reported.keys().find(unknown);
            others.extend(unknown.map(|path| format!("{node} reported {path}")));
        }
        right.len() == nodes.len() && right.values().all(|(times, _)| *times >= SAME_IN_A_ROW)
    })
    .await;
    let slowest = right.values().map(|(_, seconds)| *seconds).fold(0.0, f64::max);
    let each = right.iter().map(|(node, (_, seconds))| format!("{node} after {seconds:.1} s"));
    let each = each.collect::<Vec<_>>().join(", ");
    scenario.note(format!("broken: {broken:?}, reported by {each}"));
    let late = format!("reported only after {slowest:.1} s: {broken:?}");
    scenario.check(slowest <= within.as_secs_f64(), late);
    others.dedup();
    scenario.check(others.is_empty(), format!("others were reported: {others:?}"));
    (slowest, last)
}

/// Returns whether these paths are reported and no others, each with its cause or one of several, as in
/// `timeout|lost`.
fn agrees(reported: &Reported, expected: &Reported) -> bool {
    let is_one_of = |(one, other): (&&str, &&str)| other.split('|').any(|cause| cause == *one);
    reported.keys().eq(expected.keys()) && reported.values().zip(expected.values()).all(is_one_of)
}

/// Returns the broken paths and ports that a node's port reports; none while it does not know enough.
async fn fetch(client: &Client, node: &str) -> Option<Reported> {
    let list = fetch_list(client, node).await?;
    let broken = list.paths.iter().filter_map(|path| {
        let reported = match path.state {
            PathState::Broken => path.cause.expect("a broken path has a cause").name(),
            PathState::Loss => path.state.name(),
            _ => return None,
        };
        Some((format!("{}>{}", path.from, path.to), reported))
    });
    let ports = list
        .broken_ports()
        .filter_map(|port| Some((format!("{}>{}", port.from, port.port), port.cause?.name())));
    // Before all pairs are measured, it is unknown whether all are ok.
    (list.measured >= 4 && list.nodes == NODES.len()).then(|| broken.chain(ports).collect())
}

/// Returns what a node's port says of the paths; none while it does not answer.
pub(crate) async fn fetch_list(client: &Client, node: &str) -> Option<PathList> {
    let url = format!("http://10.99.0.{}:3000/paths", node.trim_start_matches("pi"));
    let text = client.get(url).send().await.ok()?.error_for_status().ok()?.text().await.ok()?;
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
}

/// Runs `swarm-pong paths` as an operator does.
async fn check_command(scenario: &mut Scenario, code: i32) {
    let (status, text) = swarm_pong(&["paths", "http://10.99.0.1:3000"]).await;
    scenario.note(format!("swarm-pong paths: exit code {status:?}\n{text}"));
    scenario.check(status == Some(code), format!("exit code {status:?}"));
}

/// Kills each container of the victim's proxy as soon as it runs, forever.
async fn keep_killing(killed: &mut Vec<String>) {
    let engine = Engine::of(VICTIM);
    let filters = json!({ "label": ["com.docker.swarm.service.name=pong_proxy"] });
    loop {
        until("a container to kill", 60, async || {
            let containers = engine.json("/containers/json", filters.clone()).await;
            let containers = containers.expect("a list");
            let ids = containers.as_array().into_iter().flatten().map(|one| &one["Id"]);
            let new = ids.filter_map(Value::as_str).find(|id| !killed.iter().any(|old| old == id));
            let Some(id) = new.map(str::to_owned) else { return false };
            killed.push(id.clone());
            cluster(&["docker", VICTIM, "kill", &id]).await;
            true
        })
        .await;
    }
}
