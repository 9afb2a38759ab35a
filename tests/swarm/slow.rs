//! Nodes as slow as a Pi Zero: each has a twentieth of a core, its engine included.

use std::fs;
use std::time::Duration;

use crate::scenario::{Allowance, Scenario, TestRun, age};
use crate::scoreboard::fetch;
use crate::swarm::{NODES, cluster, shell, swarm_pong, until_running};
use crate::wait::until;
use crate::{deploy, roll, unhealthy};

/// What each node has of a core, in percent: a Pi Zero is some twenty times slower than a laptop.
const PERCENT: &str = "5";

/// The pause of each client: nine requests a second take a third of what the nodes have.
pub(crate) const PAUSE: Duration = Duration::from_secs(1);

/// The pause of each client while nothing else happens.
const LONG_PAUSE: Duration = Duration::from_secs(5);

/// How soon every task must run after the command, in seconds.
const READY_WITHIN: u64 = 60;

/// How long rallies are played while nothing else happens: every task is checked once.
const AT_REST: Duration = Duration::from_secs(95);

/// How long 99 of 100 rallies may take then.
const MAX_P99: Duration = Duration::from_millis(250);

/// How soon what is changed must have come about, in seconds: nothing must be broken, however slow.
pub(crate) const CHANGED_WITHIN: u64 = 300;

/// Makes the nodes slow.
pub(crate) async fn hold() {
    cluster(&["cpu", PERCENT]).await;
}

/// Makes the nodes fast again.
pub(crate) async fn release() {
    cluster(&["cpu", "off"]).await;
}

/// Plays what `deploy`, `scale`, `roll` and `unhealthy` do to fast nodes.
pub(crate) async fn nodes(run: &mut TestRun) {
    hold().await;
    run.play("slow nodes: docker stack deploy", PAUSE, async |scenario| {
        deploy::for_slow_nodes().await;
        deploy::until_all_run(CHANGED_WITHIN).await;
        let seconds = scenario.started.elapsed().unwrap_or_default().as_secs_f64();
        scenario.note(format!("all tasks ran after {seconds:.1} s"));
        let fault = format!("all tasks ran only after {seconds:.1} s, not {READY_WITHIN}");
        scenario.check(seconds <= READY_WITHIN as f64, fault);
        deploy::until_every_node_serves(scenario, CHANGED_WITHIN).await;
        Allowance { startup: true, ..Allowance::default() }
    })
    .await;
    run.play("slow nodes: at rest", LONG_PAUSE, async |scenario| {
        let started = scenario.started;
        let before = NODES.map(periods);
        let is_over = async || started.elapsed().is_ok_and(|time| time >= AT_REST);
        until("the time is over", 2 * AT_REST.as_secs(), is_over).await;
        check_times(scenario);
        for (node, (periods_before, throttled_before)) in NODES.into_iter().zip(before) {
            let (periods, throttled) = periods(node);
            let percent = 100 * (throttled - throttled_before) / (periods - periods_before).max(1);
            scenario.note(format!("{node} stood still in {percent} % of its periods of 100 ms"));
        }
        Allowance::default()
    })
    .await;
    for count in [4, 2] {
        let command = format!("docker service scale --detach pong_ping={count}");
        run.play(&format!("slow nodes: {command}"), PAUSE, async |_| {
            shell(&command).await;
            until_running("pong_ping", count, CHANGED_WITHIN).await;
            Allowance::default()
        })
        .await;
    }
    roll::within(run, PAUSE, CHANGED_WITHIN).await;
    unhealthy::within(run, PAUSE, CHANGED_WITHIN).await;
    run.observe("slow nodes: swarm-pong paths --history", async |line| {
        let (_, history) = swarm_pong(&["paths", "--history", "http://10.99.0.1:3000"]).await;
        for entry in history.lines() {
            line.notes.push(entry.to_owned());
            // A node whose proxy is updated may be without one for longer than a fast one.
            if !entry.contains("no_prober") {
                line.faults.push(format!("a slow node is called broken: {entry}"));
            }
        }
        let snapshot = fetch(NODES[0]).await.expect("a score");
        let score = snapshot.score.score;
        line.notes.push(format!("{} strokes, {} faults", score.strokes(), score.faults));
    })
    .await;
    release().await;
    deploy::remove().await;
}

/// Returns in how many periods a node ran, and in how many of them it used up its time and stood still.
fn periods(node: &str) -> (u64, u64) {
    let read = |folder| fs::read_to_string(format!("/sys/fs/cgroup/{folder}/{node}/cpu.stat"));
    let stat = read("swarm-pong-cluster").or_else(|_| read("cpu/swarm-pong-cluster"));
    let stat = stat.expect("cgroup v1 or v2");
    let count = |name: &str| {
        let count = stat.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
        count.expect("a count")
    };
    (count("nr_periods "), count("nr_throttled "))
}

/// Checks how long rallies took.
fn check_times(scenario: &mut Scenario) {
    let mut times: Vec<Duration> = {
        let records = scenario.load.records();
        let rallies = records.iter().filter(|record| record.result.is_ok());
        rallies.map(|record| age(record.ended(), record.requested)).collect()
    };
    times.sort();
    let Some(last) = times.len().checked_sub(1) else { return };
    let percentile = |percent: usize| times[last * percent / 100];
    let [median, p95, p99] = [50, 95, 99].map(percentile);
    scenario.note(format!(
        "{} rallies: p50 {median:.0?}, p95 {p95:.0?}, p99 {p99:.0?}, slowest {:.0?}",
        times.len(),
        times[last]
    ));
    scenario.check(p99 <= MAX_P99, format!("p99 {p99:.0?}, not {MAX_P99:?}"));
}
