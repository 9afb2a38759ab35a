//! What healthchecks cost while nobody plays: the stack beside the same stack without them.

use std::fs;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::Instant;

use crate::deploy;
use crate::scenario::TestRun;
use crate::swarm::shell;
use crate::wait::until;

/// The services of the stack.
const SERVICES: [&str; 6] = ["ping", "pong", "manager", "proxy", "scoreboard", "light"];

/// How many times the stack's CPU time without healthchecks it may take with them.
const MAX_RATIO: f64 = 1.15;

/// How long after a deployment the engines are at rest.
const SETTLED: Duration = Duration::from_secs(10);

/// How long is measured: every task is checked once.
const MEASURED: Duration = Duration::from_secs(90);

pub(crate) async fn healthchecks(run: &mut TestRun) {
    run.observe("nobody plays: with and without healthchecks", async |line| {
        // As often as stack.yml says by itself, also with a Docker for which the README says more often.
        shell(&deploy::command().await.replace("INTERVAL=2s", "INTERVAL=90s")).await;
        deploy::until_all_run(180).await;
        let checked = percent_of_a_core().await;
        let updates = SERVICES.map(|service| async move {
            shell(&format!("docker service update --quiet --no-healthcheck pong_{service}")).await;
        });
        join_all(updates).await;
        deploy::until_all_run(60).await;
        let unchecked = percent_of_a_core().await;
        let ratio = checked / unchecked;
        let result = format!(
            "{checked:.2} % of a core with healthchecks, {unchecked:.2} % without: {ratio:.2} times"
        );
        if ratio > MAX_RATIO {
            line.faults.push(format!("more than {MAX_RATIO} times: {result}"));
        }
        line.notes.push(result);
        deploy::remove().await;
    })
    .await;
}

/// Returns what all processes of all nodes take at rest, engines included.
async fn percent_of_a_core() -> f64 {
    pass(SETTLED).await;
    let (started, before) = (Instant::now(), cpu_time());
    pass(MEASURED).await;
    (cpu_time() - before).as_secs_f64() / started.elapsed().as_secs_f64() * 100.0
}

async fn pass(time: Duration) {
    let started = Instant::now();
    until("the time is over", 2 * time.as_secs(), async || started.elapsed() >= time).await;
}

/// Returns the CPU time that the Swarm's control group has used: that of cgroup v2, or of v1.
fn cpu_time() -> Duration {
    let read = |file: &str| fs::read_to_string(format!("/sys/fs/cgroup/{file}"));
    if let Ok(stat) = read("swarm-pong-cluster/cpu.stat") {
        let used = stat.lines().find_map(|line| line.strip_prefix("usage_usec "));
        return Duration::from_micros(
            used.and_then(|used| used.parse().ok()).expect("microseconds"),
        );
    }
    let used = read("cpuacct/swarm-pong-cluster/cpuacct.usage").expect("cgroup v1 or v2");
    Duration::from_nanos(used.trim().parse().expect("nanoseconds"))
}
