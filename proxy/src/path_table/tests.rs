use server::identity::Identity;
use tokio::time::advance;

use super::probed_path::{DNS_LAG, FIRST_LISTING, FORGET_AFTER};
use super::report::MAX_COMPACT_BYTES;
use super::*;
use crate::path_health::ProbeSize;

const LATE: ProbeOutcome = ProbeOutcome::NotConnected(ProbeFailure::Timeout);

fn address(n: u16) -> SocketAddr {
    ([10, 0, 9, n.to_be_bytes()[1]], 3000 + n).into()
}

fn report_of(node: &str) -> ProbeReport {
    let proxy = format!("proxy.1@{node}").parse().expect("a task");
    let (instance, admin) = (Some(InstanceId::new(2)), None);
    ProbeReport {
        proxy,
        instance,
        admin,
        udp: None,
        paths: Vec::new(),
        left: Vec::new(),
        ports: None,
    }
}

fn table() -> PathTable {
    let task: Task = "proxy.pi1@pi1".parse().expect("a task");
    let identity = Identity::new(protocol::service::Service::Proxy, task.clone());
    let mut metrics = server::metrics::Metrics::new(&identity);
    let metrics = Metrics::register(&mut metrics, &identity, || 0);
    PathTable::new(task, InstanceId::new(1), ([0, 0, 0, 0], 3001).into(), None, metrics)
}

/// Has a node's proxy answer at an address.
fn answer(table: &mut PathTable, n: u16, node: &str) {
    answer_with(table, n, report_of(node));
}

/// Has a proxy answer at an address with a report.
fn answer_with(table: &mut PathTable, n: u16, report: ProbeReport) {
    let outcome = ProbeOutcome::Answered(Duration::from_micros(300));
    let mut health = PathHealth::new(0, None);
    health.record(ProbeSize::Small, outcome);
    let probe = ProbeResult { outcome, report: Some(report), from: None, large_datagram: 0 };
    table.record(address(n), &mut health, probe);
}

/// Has another proxy answer that gets answers from these nodes.
fn answer_hearing(table: &mut PathTable, n: u16, node: &str, heard: &[&str]) {
    let mut health = PathHealth::new(0, None);
    health.record(ProbeSize::Small, ProbeOutcome::Answered(Duration::from_micros(300)));
    let path = |to: &&str| health.measurement(to.parse().expect("a node"));
    let paths = heard.iter().map(path).collect();
    answer_with(table, n, ProbeReport { paths, ..report_of(node) });
}

/// Has probes of an address fail until its path is broken.
fn fail(table: &mut PathTable, n: u16) {
    let mut health = PathHealth::new(0, None);
    for _ in 0..3 {
        health.record(ProbeSize::Small, LATE);
        let probe = ProbeResult { outcome: LATE, report: None, from: None, large_datagram: 0 };
        table.record(address(n), &mut health, probe);
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

const NO_DNS: Option<ProbeFailure> = Some(ProbeFailure::NoDns);
const STALE_DNS: Option<ProbeFailure> = Some(ProbeFailure::StaleDns);
const LOST: Option<ProbeFailure> = Some(ProbeFailure::Lost);
const TIMEOUT: Option<ProbeFailure> = Some(ProbeFailure::Timeout);

#[tokio::test(start_paused = true)]
async fn a_proxy_that_answers_and_is_not_listed_is_named_for_as_long_as_that_is_so() {
    let mut table = table();
    table.select(&[address(2), address(3)]);
    answer(&mut table, 2, "pi2");
    answer(&mut table, 3, "pi3");
    for second in 0..3_600 {
        assert_eq!(table.select(&[address(3)]), [address(3), address(2)], "it is still probed");
        answer(&mut table, 2, "pi2");
        let cause = if second < DNS_LAG.as_secs() { None } else { NO_DNS };
        assert_eq!(is_broken(&table, "pi2"), Some(cause.is_some()), "after {second} s");
        assert!(reported(&table).contains(&path("pi2", cause)), "after {second} s");
        advance(Duration::from_secs(1)).await;
    }
    table.select(&[address(2), address(3)]);
    assert_eq!(reported(&table), [path("pi2", None), path("pi3", None)]);
}

#[tokio::test(start_paused = true)]
async fn a_node_that_neither_answers_nor_is_listed_is_lost_until_nobody_heard_it_for_ten_minutes() {
    let mut table = table();
    table.select(&[address(2), address(3)]);
    answer(&mut table, 2, "pi2");
    table.select(&[address(3)]);
    fail(&mut table, 2);
    advance(DNS_LAG - Duration::from_secs(1)).await;
    table.select(&[address(3)]);
    assert_eq!(is_broken(&table, "pi2"), Some(false), "it may be replaced");
    advance(Duration::from_secs(1)).await;
    table.select(&[address(3)]);
    assert_eq!(reported(&table), [path("pi2", LOST)]);
    // Another node hears it, so it is this node's path that is broken.
    for _ in 0..3_600 {
        advance(Duration::from_secs(1)).await;
        answer_hearing(&mut table, 3, "pi3", &["pi2"]);
        table.select(&[address(3)]);
        assert_eq!(reported(&table), [path("pi2", TIMEOUT), path("pi3", None)]);
    }
    for _ in 0..FORGET_AFTER.as_secs() - 1 {
        advance(Duration::from_secs(1)).await;
        table.select(&[address(3)]);
        assert_eq!(is_broken(&table, "pi2"), Some(true));
    }
    assert_eq!(reported(&table)[0], path("pi2", LOST));
    advance(Duration::from_secs(1)).await;
    table.select(&[address(3)]);
    assert_eq!(reported(&table), [path("pi3", None)]);
    assert_eq!(is_broken(&table, "pi2"), None);
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_says_it_stops_is_no_longer_probed_and_forgotten_without_being_broken() {
    let mut table = table();
    table.select(&[address(2), address(3)]);
    answer(&mut table, 2, "pi2");
    answer(&mut table, 3, "pi3");
    table.select(&[address(3)]);
    advance(Duration::from_secs(2)).await;
    table.leaves(address(2));
    answer(&mut table, 2, "pi2");
    assert_eq!(table.report().left, ["pi2".parse().expect("a node")]);
    for _ in 0..DNS_LAG.as_secs() {
        assert_eq!(table.select(&[address(3)]), [address(3)]);
        assert_eq!(reported(&table), [path("pi2", None), path("pi3", None)]);
        advance(Duration::from_secs(1)).await;
    }
    table.select(&[address(3)]);
    assert_eq!((reported(&table), is_broken(&table, "pi2")), (vec![path("pi3", None)], None));
    advance(KEPT_FOR).await;
    table.select(&[address(3)]);
    assert_eq!(table.report().left, []);
}

#[tokio::test(start_paused = true)]
async fn what_one_proxy_was_told_of_another_that_stops_its_report_tells_the_others() {
    let mut table = table();
    table.select(&[address(2), address(3)]);
    answer(&mut table, 2, "pi2");
    let left = vec!["pi2".parse().expect("a node")];
    let report = ProbeReport { left, ..report_of("pi3") };
    answer_with(&mut table, 3, report.clone());
    assert_eq!(table.select(&[address(2), address(3)]).len(), 2, "the next one may be listed");
    table.select(&[address(3)]);
    answer_with(&mut table, 3, report);
    advance(DNS_LAG).await;
    table.select(&[address(3)]);
    assert_eq!(reported(&table), [path("pi3", None)]);
}

#[tokio::test(start_paused = true)]
async fn an_address_that_stays_listed_after_its_proxy_has_left_is_stale() {
    let mut table = table();
    let listed = [address(2)];
    table.select(&listed);
    answer(&mut table, 2, "pi2");
    table.leaves(address(2));
    assert_eq!(table.select(&listed), [], "it is not asked while it stops");
    advance(DNS_LAG).await;
    assert_eq!(table.select(&listed), listed);
    fail(&mut table, 2);
    table.select(&listed);
    assert_eq!(reported(&table), [path("10.0.9.2:3002", STALE_DNS)]);
    assert_eq!([is_broken(&table, "pi2"), is_broken(&table, "10.0.9.2:3002")], [None, Some(true)]);
    answer(&mut table, 2, "pi2");
    table.select(&listed);
    assert_eq!(reported(&table), [path("pi2", None)], "it is back");
}

#[tokio::test(start_paused = true)]
async fn an_address_whose_node_answers_at_another_one_is_stale() {
    let mut table = table();
    let listed = [address(2), address(9)];
    table.select(&listed);
    answer(&mut table, 2, "pi2/2kq4");
    answer(&mut table, 9, "pi2/2kq4");
    fail(&mut table, 2);
    table.select(&listed);
    advance(DNS_LAG).await;
    table.select(&listed);
    assert_eq!(reported(&table), [path("10.0.9.2:3002", STALE_DNS), path("pi2/2kq4", None)]);
    assert_eq!(is_broken(&table, "pi2/2kq4"), Some(false));
    table.select(&[address(9)]);
    assert_eq!(reported(&table), [path("pi2/2kq4", None)]);
    assert_eq!(is_broken(&table, "10.0.9.2:3002"), None);
}

#[tokio::test(start_paused = true)]
async fn a_lost_node_is_not_forgotten_when_another_one_gets_its_address() {
    let mut table = table();
    table.select(&[address(2)]);
    answer(&mut table, 2, "pi2");
    fail(&mut table, 2);
    answer(&mut table, 2, "pi3");
    advance(DNS_LAG).await;
    table.select(&[address(2)]);
    assert_eq!(reported(&table), [path("pi2", LOST), path("pi3", None)]);
    assert_eq!(is_broken(&table, "pi2"), Some(true));
    answer(&mut table, 9, "pi2");
    table.select(&[address(2), address(9)]);
    assert_eq!(reported(&table), [path("pi2", None), path("pi3", None)]);
}

#[test]
fn a_proxy_that_changes_its_node_without_end_makes_two_of_them() {
    let mut table = table();
    table.select(&[address(2)]);
    for n in 0..1000 {
        answer(&mut table, 2, &format!("pi{n}"));
    }
    assert_eq!(reported(&table).len(), 2);
    let series = (0..1000).filter(|n| is_broken(&table, &format!("pi{n}")).is_some());
    assert_eq!(series.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_probes_this_one_and_was_never_listed_is_named_once_it_had_time_to_be() {
    let mut table = table();
    table.select(&[]);
    let caller = SocketAddr::new(address(2).ip(), 3001);
    table.called_by(caller.ip());
    assert_eq!(table.select(&[]), [caller]);
    let mut health = PathHealth::new(0, None);
    let outcome = ProbeOutcome::Answered(Duration::from_micros(300));
    health.record(ProbeSize::Small, outcome);
    let answer =
        || ProbeResult { outcome, report: Some(report_of("pi2")), from: None, large_datagram: 0 };
    table.record(caller, &mut health, answer());
    advance(FIRST_LISTING - Duration::from_secs(1)).await;
    table.select(&[]);
    assert_eq!(reported(&table), [path("pi2", None)]);
    advance(Duration::from_secs(1)).await;
    assert_eq!(table.select(&[]), [caller], "it is known, whether it still calls or not");
    assert_eq!(reported(&table), [path("pi2", NO_DNS)]);
    for _ in 0..100 {
        table.called_by([10, 0, 9, 77].into());
    }
    fail(&mut table, 77);
    assert_eq!(reported(&table), [path("pi2", NO_DNS)], "who does not answer is no proxy");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_others_hear_and_this_one_does_not_know_is_asked_for_now_and_then() {
    let mut table = table();
    table.select(&[address(2)]);
    answer_hearing(&mut table, 2, "pi2", &["pi1", "pi2", "pi3", "10.0.9.9:3001"]);
    let unknown = ("pi3".parse().expect("a node"), address(2));
    assert_eq!(table.unknown_node(), Some(unknown.clone()));
    assert_eq!(table.unknown_node(), None);
    advance(HEARD_OF_FOR).await;
    assert_eq!(table.unknown_node(), None, "the report is old");
    answer_hearing(&mut table, 2, "pi2", &["pi3"]);
    assert_eq!(table.unknown_node(), Some(unknown));
    table.hear_of(address(3));
    assert_eq!(table.select(&[address(2)]), [address(2), address(3)]);
    let many: Vec<SocketAddr> = (2..30).map(address).collect();
    table.select(&many);
    advance(HEARD_OF_FOR).await;
    answer_hearing(&mut table, 2, "pi2", &["pi3"]);
    assert_eq!(table.unknown_node(), None, "others may probe it");
}

#[tokio::test(start_paused = true)]
async fn a_path_is_no_better_because_the_proxy_at_its_end_was_replaced() {
    let mut table = table();
    table.select(&[address(2)]);
    answer(&mut table, 2, "pi2");
    fail(&mut table, 2);
    table.select(&[]);
    table.leaves(address(2));
    table.select(&[address(9)]);
    answer(&mut table, 9, "pi2");
    table.select(&[address(9)]);
    assert_eq!(reported(&table), [path("pi2", TIMEOUT)], "one answer proves nothing");
    assert_eq!(is_broken(&table, "pi2"), Some(true));
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_is_listed_again_goes_on_in_its_last_state() {
    let mut table = table();
    table.select(&[address(2)]);
    answer(&mut table, 2, "pi2");
    fail(&mut table, 2);
    table.select(&[]);
    advance(DNS_LAG).await;
    table.select(&[]);
    assert_eq!(reported(&table), [path("pi2", LOST)]);
    table.select(&[address(2)]);
    assert_eq!(reported(&table), [path("pi2", TIMEOUT)]);
    assert_eq!(table.last_cause(address(2)), TIMEOUT);
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
    advance(DNS_LAG).await;
    table.select(&[address(9)]);
    assert_eq!(is_broken(&table, "pi2"), Some(false), "the old address is forgotten, not the node");
    assert_eq!(reported(&table), [path("pi2", None)]);
}

#[tokio::test(start_paused = true)]
async fn a_proxy_that_never_answered_is_reported_by_address_while_listed() {
    let mut table = table();
    table.select(&[address(2)]);
    let mut new = PathHealth::new(0, None);
    let late = ProbeResult { outcome: LATE, report: None, from: None, large_datagram: 0 };
    table.record(address(2), &mut new, late);
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
    table.select(&(2..18).map(address).collect::<Vec<_>>());
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
    advance(KEPT_FOR).await;
    table.select(&[]);
    assert_eq!(reports(&table, None), [aged("pi1", 0)]);
}
