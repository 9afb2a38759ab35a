//! Faults of the network, one after another: what is named, how soon, what else, and how soon it is over.

use std::time::{Duration, Instant};

use protocol::path::PathState;
use protocol::probe::ProbeFailure;

use crate::drain;
use crate::load::STEADY;
use crate::lying_dns::LyingDns;
use crate::paths::{Reported, check_reports};
use crate::proxies::{Proxy, proxies};
use crate::scenario::{Allowance, Scenario, TestRun};
use crate::swarm::{NODES, cluster, shell, swarm_pong, until_running};
use crate::table::print;
use crate::wait::until;

/// The rest of the nodes when pi3 is lost or cannot be asked.
const OTHERS: [&str; 2] = ["pi1", "pi2"];

/// How soon most faults must be named, and be over.
const SOON: Duration = Duration::from_secs(15);

/// How soon a lost node must be named: 12 s until its paths are broken, 5 s until all scoreboards know.
const LOST: Duration = Duration::from_secs(17);

/// How soon a lost node must be well: until its engine has started and its tasks are healthy.
const NODE_BACK: Duration = Duration::from_secs(90);

const MINUTE: Duration = Duration::from_secs(60);
const QUARTER: Duration = Duration::from_secs(900);

/// A rule for packets that arrive in a proxy's container, unless they are its own.
const BLOCKED: &str = "INPUT ! -i lo -p tcp --dport 3001 -j DROP";

/// Data that does not arrive where the connection is made, as with wrong checksums: what has 150 bytes and
/// more, with VXLAN's headers.
const DATA: &str = "150";

/// A line of the table.
pub(crate) struct Row {
    fault: &'static str,
    named: String,
    seconds: f64,
    over: f64,
}

/// Returns these paths with one cause.
pub(crate) fn reported<const N: usize>(paths: [&str; N], cause: &'static str) -> Reported {
    paths.into_iter().map(|path| (path.to_owned(), cause)).collect()
}

pub(crate) async fn one_by_one(run: &mut TestRun) {
    let mut rows = Vec::new();
    let [timeout, large, no_data, no_dns] = [
        ProbeFailure::Timeout,
        ProbeFailure::LargePackets,
        ProbeFailure::NoData,
        ProbeFailure::NoDns,
    ]
    .map(ProbeFailure::name);
    for (fault, some, named, limits) in [
        ("pi1 to pi2 dropped", None, reported(["pi1>pi2", "pi2>pi1"], timeout), [SOON; 2]),
        ("large packets pi1 to pi2 dropped", Some("1400"), reported(["pi1>pi2"], large), [SOON; 2]),
        (
            "data pi1 to pi2 dropped",
            Some(DATA),
            reported(["pi1>pi2", "pi2>pi1"], no_data),
            [SOON; 2],
        ),
        ("20 % pi1 to pi2 dropped", Some("20%"), lossy(), [MINUTE, 2 * MINUTE]),
    ] {
        dropping(run, fault, some, &named, limits, &mut rows).await;
    }
    let all = proxies().await;
    let on = |node: &str| all.iter().find(|proxy| proxy.node == node).expect("each has one");
    let to_pi3 = |cause| reported(["pi1>pi3", "pi2>pi3"], cause);
    run.play("faults: the port of the proxy on pi3 blocked", STEADY, async |scenario| {
        block(on("pi3"), "-I").await;
        let row = named(scenario, &NODES, "port 3001 of pi3 blocked", &to_pi3(timeout), SOON).await;
        block(on("pi3"), "-D").await;
        rows.push(over(scenario, row, &to_pi3(timeout), SOON).await);
        Allowance::default()
    })
    .await;
    run.play("faults: the DNS of pi1 leaves out pi3", STEADY, async |scenario| {
        let liar = LyingDns::start(on("pi1"), &on("pi3").address).await;
        let paths = reported(["pi1>pi3"], no_dns);
        let row = named(scenario, &NODES, "DNS of pi1 leaves out pi3", &paths, SOON).await;
        liar.stop().await;
        rows.push(over(scenario, row, &paths, SOON).await);
        Allowance::default()
    })
    .await;
    run.play("faults: pi3 drained", STEADY, async |scenario| {
        let drained = Instant::now();
        shell("docker node update --availability drain pi3").await;
        drain::check_paths(scenario).await;
        until_history("pi3 left").await;
        let seconds = drained.elapsed().as_secs_f64();
        shell("docker node update --availability active pi3").await;
        let active = Instant::now();
        until_history("pi3 back").await;
        until_running("pong_proxy", NODES.len(), 60).await;
        let over = active.elapsed().as_secs_f64();
        let named = "nothing; `pi3 left`, exit code 0".to_owned();
        rows.push(Row { fault: "pi3 drained", named, seconds, over });
        Allowance { closed: vec!["pi3"], ..Allowance::default() }
    })
    .await;
    run.play("faults: pi3 lost, and back", STEADY, async |scenario| {
        cluster(&["kill", "pi3"]).await;
        // What it is named depends on how far the others have forgotten it.
        let paths = to_pi3("timeout|unreachable|lost");
        let row = named(scenario, &OTHERS, "pi3 lost", &paths, LOST).await;
        cluster(&["revive", "pi3"]).await;
        until_running("pong_proxy", NODES.len(), 60).await;
        rows.push(over(scenario, row, &paths, NODE_BACK).await);
        Allowance { nodes: vec!["pi3"], ..Allowance::default() }
    })
    .await;
    print_rows(&rows);
}

/// Waits until the last thing that happened to a node is this.
async fn until_history(what: &str) {
    let node = what.split(' ').next().expect("a node");
    until(&format!("{what} in the history"), 40, async || {
        let (_, text) = swarm_pong(&["paths", "10.99.0.1", "--history"]).await;
        text.lines()
            .rfind(|line| line.contains(&format!("  {node} ")))
            .is_some_and(|line| line.ends_with(what))
    })
    .await;
}

pub(crate) async fn a_slight_loss(run: &mut TestRun) {
    let mut rows = Vec::new();
    let limits = [QUARTER; 2];
    dropping(run, "2 % pi1 to pi2 dropped", Some("2%"), &lossy(), limits, &mut rows).await;
    print_rows(&rows);
}

fn lossy() -> Reported {
    reported(["pi1>pi2"], PathState::Loss.name())
}

/// Drops packets from pi1 to pi2, all or some.
async fn dropping(
    run: &mut TestRun,
    fault: &'static str,
    some: Option<&str>,
    paths: &Reported,
    [named_within, over_within]: [Duration; 2],
    rows: &mut Vec<Row>,
) {
    run.play(&format!("faults: {fault}"), STEADY, async |scenario| {
        let packets: Vec<&str> = ["pi1", "pi2"].into_iter().chain(some).collect();
        cluster(&[&["drop"], &packets[..]].concat()).await;
        let row = named(scenario, &NODES, fault, paths, named_within).await;
        cluster(&[&["pass"], &packets[..]].concat()).await;
        rows.push(over(scenario, row, paths, over_within).await);
        Allowance { nodes: vec!["pi1", "pi2"], ..Allowance::default() }
    })
    .await;
}

async fn block(proxy: &Proxy, change: &str) {
    proxy.iptables(&format!("'{change} {BLOCKED}'")).await;
}

/// Waits until exactly these paths are named.
pub(crate) async fn named(
    scenario: &mut Scenario,
    nodes: &[&'static str],
    fault: &'static str,
    paths: &Reported,
    within: Duration,
) -> Row {
    let (seconds, paths) = check_reports(scenario, nodes, &Reported::new(), paths, within).await;
    let named: Vec<String> = paths.iter().map(|(path, cause)| format!("{path} {cause}")).collect();
    Row { fault, named: named.join(", "), seconds, over: 0.0 }
}

/// Waits until none is named any more.
pub(crate) async fn over(
    scenario: &mut Scenario,
    row: Row,
    paths: &Reported,
    within: Duration,
) -> Row {
    let (over, _) = check_reports(scenario, &NODES, paths, &Reported::new(), within).await;
    Row { over, ..row }
}

/// Prints the table; that nothing else was named was checked.
pub(crate) fn print_rows(rows: &[Row]) {
    print(&format!(
        "   {:<34}{:<44}{:>7}{:>7}",
        "fault", "named, and nothing else", "after", "over"
    ));
    for Row { fault, named, seconds, over } in rows {
        print(&format!("   {fault:<34}{named:<44}{seconds:>5.1} s{over:>5.1} s"));
    }
}
