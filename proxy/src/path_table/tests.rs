use server::identity::Identity;
use tokio::time::advance;

use super::probed_path::NO_DNS_AFTER;
use super::*;
use crate::path_health::ProbeSize;

const LATE: ProbeOutcome = ProbeOutcome::NotConnected(ProbeFailure::Timeout);

fn address(n: u16) -> SocketAddr {
    ([10, 0, 9, n.to_be_bytes()[1]], 3000 + n).into()
}

fn report_of(node: &str) -> ProbeReport {
    let proxy = format!("proxy.1@{node}").parse().expect("a task");
    ProbeReport { proxy, instance: Some(InstanceId::new(2)), admin: None, paths: Vec::new() }
}

fn table() -> PathTable {
    let task: Task = "proxy.pi1@pi1".parse().expect("a task");
    let identity = Identity::new(protocol::service::Service::Proxy, task.clone());
    let mut metrics = server::metrics::Metrics::new(&identity);
    let metrics = Metrics::register(&mut metrics, &identity, || 0);
    PathTable::new(task, InstanceId::new(1), ([0, 0, 0, 0], 3001).into(), metrics)
}

/// Has a node's proxy answer at an address.
fn answer(table: &mut PathTable, n: u16, node: &str) {
    let outcome = ProbeOutcome::Answered(Duration::from_micros(300));
    let mut health = PathHealth::new(0, None);
    health.record(ProbeSize::Small, outcome);
    let report = Some(report_of(node));
    table.record(address(n), &health, ProbeResult { outcome, report, from: None });
}

/// Has probes of an address fail until its path is broken.
fn fail(table: &mut PathTable, n: u16) {
    let mut health = PathHealth::new(0, None);
    for _ in 0..3 {
        health.record(ProbeSize::Small, LATE);
        let probe = ProbeResult { outcome: LATE, report: None, from: None };
        table.record(address(n), &health, probe);
    }
}

/// Returns each path reported, with why it is broken.
fn reported(table: &PathTable) -> Vec<(String, Option<ProbeFailure>)> {
    table.report().paths.iter().map(|path| (path.to.to_string(), path.cause)).collect()
}

fn path(to: &str, cause: Option<ProbeFailure>) -> (String, Option<ProbeFailure>) {
    (to.to_owned(), cause)
}

/// Returns what the series of a path say, if there are any.
fn is_broken(table: &PathTable, to: &str) -> Option<bool> {
    table.metrics.is_path_broken(&to.parse().expect("a node or an address"))
}

#[tokio::test(start_paused = true)]
async fn a_node_whose_proxy_is_gone_is_named_after_eight_seconds_and_forgotten_after_a_minute() {
    let mut table = table();
    table.select(&[address(2), address(3)]);
    answer(&mut table, 2, "pi2");
    answer(&mut table, 3, "pi3");
    table.select(&[address(3)]);
    advance(NO_DNS_AFTER - Duration::from_secs(1)).await;
    table.select(&[address(3)]);
    assert_eq!(is_broken(&table, "pi2"), Some(false));
    advance(Duration::from_secs(1)).await;
    table.select(&[address(3)]);
    assert_eq!(is_broken(&table, "pi2"), Some(true));
    let gone = path("pi2", Some(ProbeFailure::NoDns));
    assert_eq!(reported(&table), [gone, path("pi3", None)], "the broken one first");
    advance(FORGET_AFTER).await;
    table.select(&[address(3)]);
    assert_eq!(is_broken(&table, "pi2"), None);
    assert_eq!(reported(&table), [path("pi3", None)]);
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_is_listed_again_goes_on_in_its_last_state() {
    let mut table = table();
    table.select(&[address(2)]);
    answer(&mut table, 2, "pi2");
    fail(&mut table, 2);
    table.select(&[]);
    advance(NO_DNS_AFTER).await;
    table.select(&[]);
    assert_eq!(reported(&table), [path("pi2", Some(ProbeFailure::NoDns))]);
    table.select(&[address(2)]);
    assert_eq!(reported(&table), [path("pi2", Some(ProbeFailure::Timeout))]);
    assert_eq!(table.last_cause(address(2)), Some(ProbeFailure::Timeout));
}

#[tokio::test(start_paused = true)]
async fn a_replaced_proxy_never_counts_as_broken() {
    let mut table = table();
    table.select(&[address(2)]);
    answer(&mut table, 2, "pi2");
    table.select(&[]);
    advance(Duration::from_secs(6)).await;
    table.select(&[address(9)]);
    assert_eq!(reported(&table), [path("pi2", None)]);
    answer(&mut table, 9, "pi2");
    assert_eq!(reported(&table), [path("pi2", None)]);
    advance(NO_DNS_AFTER).await;
    table.select(&[address(9)]);
    assert_eq!(is_broken(&table, "pi2"), Some(false), "the old address is forgotten, not the node");
    assert_eq!(reported(&table), [path("pi2", None)]);
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_never_answered_is_reported_by_address_while_listed() {
    let mut table = table();
    table.select(&[address(2)]);
    let new = PathHealth::new(0, None);
    table.record(address(2), &new, ProbeResult { outcome: LATE, report: None, from: None });
    assert_eq!(reported(&table), [], "it may only be new");
    fail(&mut table, 2);
    assert_eq!(reported(&table), [path("10.0.9.2:3002", Some(ProbeFailure::Timeout))]);
    assert_eq!(is_broken(&table, "10.0.9.2:3002"), Some(true));
    answer(&mut table, 2, "pi2");
    assert_eq!(is_broken(&table, "10.0.9.2:3002"), None, "it has a name now");
    assert_eq!(is_broken(&table, "pi2"), Some(false));
    fail(&mut table, 3);
    table.select(&[address(2)]);
    assert_eq!(is_broken(&table, "10.0.9.3:3003"), None);
    assert_eq!(reported(&table), [path("pi2", None)]);
}

#[test]
fn a_node_with_this_ones_name_and_no_id_is_told_by_its_address_once_it_is_broken() {
    let mut table = table();
    table.select(&[address(2)]);
    answer(&mut table, 2, "pi1");
    assert_eq!(reported(&table), [], "it may be the next proxy on this node");
    fail(&mut table, 2);
    assert_eq!(reported(&table), [path("10.0.9.2:3002", Some(ProbeFailure::Timeout))]);
    table.select(&[]);
    assert_eq!(reported(&table), [], "it was the one before");
}

#[test]
fn of_two_proxies_that_are_listed_for_a_name_the_broken_one_counts_unless_they_have_one_id() {
    for (node, cause) in [("pi2", Some(ProbeFailure::Timeout)), ("pi2/2kq4", None)] {
        let mut table = table();
        table.select(&[address(2), address(3)]);
        answer(&mut table, 2, node);
        answer(&mut table, 3, node);
        assert_eq!(reported(&table), [path(node, None)]);
        fail(&mut table, 2);
        assert_eq!(reported(&table), [path(node, cause)]);
    }
}

#[test]
fn a_proxy_stops_probing_itself() {
    let mut table = table();
    let own: SocketAddr = ([10, 0, 9, 7], 3001).into();
    assert_eq!(table.select(&[own]), [own]);
    table.record_self(own, Some(([10, 0, 9, 7], 40_000).into()));
    assert_eq!(table.report(), ProbeReport { admin: Some(own), ..table.report() });
    assert_eq!(reported(&table), []);
    assert_eq!(table.select(&[own, address(2)]), [address(2)]);
}

#[test]
fn paths_to_former_targets_are_no_longer_reported() {
    let mut table = table();
    let all: Vec<SocketAddr> = (2..=201).map(address).collect();
    assert_eq!(table.select(&all[..16]).len(), 16);
    (2..18).for_each(|n| answer(&mut table, n, &format!("pi{n}")));
    let targets = table.select(&all);
    assert_eq!(targets.len(), 16);
    let kept = (2..18).filter(|n| targets.contains(&address(*n)));
    let mut kept: Vec<String> = kept.map(|n| format!("pi{n}")).collect();
    kept.sort();
    assert!(kept.len() < 8);
    assert_eq!(reported(&table).into_iter().map(|(to, _)| to).collect::<Vec<_>>(), kept);
    let series = (2..18).filter(|n| is_broken(&table, &format!("pi{n}")).is_some());
    assert_eq!(series.count(), kept.len());
}

#[test]
fn a_compact_report_fits_into_a_packet_and_keeps_the_broken_paths() {
    let mut table = table();
    let long = |n: u16| format!("{n:03}-{}", "x".repeat(59));
    for n in 2..18 {
        answer(&mut table, n, &long(n));
    }
    fail(&mut table, 9);
    assert_eq!(table.report().paths.len(), 16);
    let compact = table.compact_report();
    assert!(compact.len() <= MAX_COMPACT_BYTES, "{compact}");
    let compact: ProbeReport = serde_json::from_str(&compact).expect("a report");
    assert_eq!(compact.paths[0].to.to_string(), long(9));
    assert!(compact.paths.len() > 5);
}

#[tokio::test(start_paused = true)]
async fn reports_of_others_are_relayed_with_their_age() {
    let mut table = table();
    answer(&mut table, 2, "pi2");
    advance(Duration::from_millis(1500)).await;
    answer(&mut table, 3, "pi3");
    let reports = |table: &PathTable, nodes: Option<&[Node]>| {
        let reports = table.reports(nodes).reports.into_iter();
        let mut ages: Vec<_> =
            reports.map(|aged| (aged.report.proxy.node.to_string(), aged.age_ms)).collect();
        ages[1..].sort();
        ages
    };
    let aged = |node: &str, age_ms| (node.to_owned(), age_ms);
    assert_eq!(reports(&table, None), [aged("pi1", 0), aged("pi2", 1500), aged("pi3", 0)]);
    let pi3 = ["pi3".parse().expect("a node")];
    assert_eq!(reports(&table, Some(&pi3)), [aged("pi1", 0), aged("pi3", 0)]);
    assert_eq!(reports(&table, Some(&[])), [aged("pi1", 0)]);
    advance(FORGET_AFTER).await;
    table.select(&[]);
    assert_eq!(reports(&table, None), [aged("pi1", 0)]);
}
