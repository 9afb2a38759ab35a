//! The matrix of paths: a broken path stands out and has its cause.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

use parking_lot::Mutex;
use protocol::id::InstanceId;
use protocol::port::{Port, PortKind, PortMeasurement, PortProblem};
use protocol::probe::{AgedReport, PathMeasurement, ProbeFailure, ProbeReport, ProbeReports};
use protocol::service::Service;
use serde_json::json;

use crate::browser::Browser;
use crate::support::peer::whoami;
use crate::support::ports::list;
use crate::support::process::Process;

/// Returns the reports of proxies on so many nodes.
fn reports(nodes: usize, is_broken: impl Fn(usize, usize) -> bool) -> ProbeReports {
    let path = |from: usize, to: usize| {
        let is_broken = is_broken(from, to);
        PathMeasurement {
            to: format!("pi{to}").parse().expect("a name"),
            cause: is_broken.then_some(ProbeFailure::LargePackets),
            median: Some(310),
            p99: Some(900),
            sent: 32,
            lost: if is_broken { 16 } else { 0 },
            loss: None,
        }
    };
    let report = |from: usize| ProbeReport {
        proxy: format!("proxy.{from}@pi{from}").parse().expect("a task"),
        instance: Some(InstanceId::new(u32::try_from(from).expect("small"))),
        admin: None,
        udp: None,
        // A proxy probes 16 others at most.
        paths: (1..=nodes)
            .filter(|to| {
                *to != from
                    && (nodes <= 16
                        || (to + nodes - from) % nodes <= 16
                        || (from, *to) == (1, nodes))
            })
            .map(|to| path(from, to))
            .collect(),
        left: Vec::new(),
        ports: None,
    };
    let aged = |from| AgedReport { age_ms: 0, report: report(from) };
    ProbeReports { reports: (1..=nodes).map(aged).collect() }
}

/// Returns the reports of proxies on so many nodes; small packets alone arrive from the first at
/// the last.
fn one_broken(nodes: usize) -> ProbeReports {
    reports(nodes, |from, to| from == 1 && to == nodes)
}

/// Starts a task on each of these nodes; the first is a proxy by its `/whoami` and answers `/probes`
/// with the reports as they are then. Returns their addresses.
fn fake_tasks(nodes: &[String], reports: &Arc<Mutex<ProbeReports>>) -> String {
    let services = std::iter::once(Service::Proxy).chain(std::iter::repeat(Service::Light));
    let tasks = nodes.iter().zip(services).map(|(node, service)| {
        fake_task(whoami(service, &format!("task.1@{node}")), Arc::clone(reports))
    });
    list(tasks)
}

fn fake_task(whoami: String, reports: Arc<Mutex<ProbeReports>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let Ok(mut connection) = connection else { return };
            let mut request = [0; 4096];
            let read = connection.read(&mut request).unwrap_or_default();
            let is_probes = request[..read].starts_with(b"GET /probes");
            let reports = || serde_json::to_string(&*reports.lock()).expect("plain");
            let body = if is_probes { reports() } else { whoami.clone() };
            let _ = write!(
                connection,
                "HTTP/1.1 200 OK\r\nPong-From: proxy\r\nContent-Length: {}\r\n\
                 Connection: close\r\n\r\n{body}",
                body.len()
            );
        }
    });
    address
}

async fn page(nodes: usize) -> (Process, Browser) {
    page_of(nodes, Arc::new(Mutex::new(one_broken(nodes)))).await
}

async fn page_of(nodes: usize, reports: Arc<Mutex<ProbeReports>>) -> (Process, Browser) {
    let nodes: Vec<_> = (1..=nodes).map(|n| format!("pi{n}")).collect();
    let scoreboard = Process::scoreboard(&fake_tasks(&nodes, &reports));
    let browser = Browser::at(&format!("http://{}", scoreboard.listen)).await;
    browser.until("document.querySelector('td.broken')").await;
    (scoreboard, browser)
}

#[tokio::test]
async fn a_broken_path_stands_out_with_its_cause() {
    let (_scoreboard, browser) = page(3).await;
    let text = browser.eval("document.querySelector('td.broken').innerText").await;
    assert_eq!(text, "0.31\np99 0.90\n✕ large packets");
    let medians = "[...document.querySelectorAll('#path-rows td')].map((cell) => cell.innerText.split('\\n')[0])";
    let expected = json!(["–", "0.31", "0.31", "0.31", "–", "0.31", "0.31", "0.31", "–"]);
    assert_eq!(browser.eval(medians).await, expected);
    assert_eq!(browser.eval("document.querySelectorAll('td.broken').length").await, 1);
    assert_eq!(browser.eval("document.querySelector('#path-more').hidden").await, true);
}

#[tokio::test]
async fn a_path_that_recovers_and_a_node_that_is_gone_are_no_longer_shown() {
    let reports = Arc::new(Mutex::new(one_broken(4)));
    let (_scoreboard, browser) = page_of(4, Arc::clone(&reports)).await;
    let nodes = |nodes: &str| {
        format!(
            "[...document.querySelectorAll('#path-rows th')].map((head) => head.innerText) == '{nodes}'"
        )
    };
    browser.until(&nodes("pi1,pi2,pi3,pi4")).await;

    *reports.lock() = self::reports(4, |_, _| false);
    browser.until("!document.querySelector('td.broken, #path-rows strong')").await;

    *reports.lock() = self::reports(3, |from, to| (from, to) == (2, 1));
    let pi4 = AgedReport {
        age_ms: 0,
        report: ProbeReport {
            proxy: "proxy.4@pi4".parse().expect("a task"),
            instance: Some(InstanceId::new(4)),
            admin: None,
            udp: None,
            paths: Vec::new(),
            left: Vec::new(),
            ports: None,
        },
    };
    reports.lock().reports.push(pi4);
    browser.until(&nodes("pi1,pi2,pi3")).await;
    browser.until("document.querySelectorAll('td.broken').length === 1").await;
    let broken = "document.querySelector('#path-rows tr:nth-child(2) td:nth-child(2)').className";
    assert_eq!(browser.eval(broken).await, "broken");
}

/// Those of appendix A of RFC 7396 that have objects at both ends.
#[tokio::test]
async fn the_page_applies_merge_patches() {
    let (_scoreboard, browser) = page(3).await;
    for (target, patch, result) in [
        (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
        (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
        (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
        (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
        (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
        (json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}})),
        (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
        (json!({"a": ["b"]}), json!({"a": {"c": 1}}), json!({"a": {"c": 1}})),
        (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
        (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
    ] {
        let merged =
            format!("import('/page/events.js').then(({{ merge }}) => merge({target}, {patch}))");
        assert_eq!(browser.eval(&merged).await, result, "{target} {patch}");
    }
}

#[tokio::test]
async fn the_matrix_prefers_nodes_with_problems() {
    let (_scoreboard, browser) = page(45).await;
    let rows = "[...document.querySelectorAll('#path-rows th')].map((head) => head.innerText)";
    let rows = browser.eval(rows).await;
    let rows = rows.as_array().expect("a list");
    assert!(rows.len() == 40 && rows.contains(&json!("pi1")), "{rows:?}");
    let heads = "[...document.querySelectorAll('#path-heads th')].map((head) => head.innerText)";
    let heads = browser.eval(heads).await;
    assert!(heads.as_array().is_some_and(|heads| heads.contains(&json!("pi45"))), "{heads}");
    let more = browser.eval("document.querySelector('#path-more').innerText").await;
    assert!(more.as_str().is_some_and(|more| more.starts_with("40 of 45 nodes")), "{more}");
}

#[tokio::test]
async fn nodes_in_trouble_are_named_above_the_score() {
    // The proxy's task runs on pi1, and all proxies say that they are on pi.
    let mut shared = reports(2, |_, _| false);
    for (n, aged) in (4..).zip(&mut shared.reports) {
        aged.report.proxy = "proxy.pi@pi".parse().expect("a task");
        aged.report.admin = Some(([10, 0, 9, n], 3001).into());
    }
    let nodes = ["pi1", "pi"].map(str::to_owned);
    let scoreboard = Process::scoreboard(&fake_tasks(&nodes, &Arc::new(Mutex::new(shared))));
    let browser = Browser::at(&format!("http://{}", scoreboard.listen)).await;
    browser.until("document.querySelectorAll('[data-kind=trouble]').length === 2").await;
    let items =
        "[...document.querySelectorAll('[data-kind=trouble]')].map((item) => item.innerText)";
    let expected = json!([
        "several nodes are called pi, with proxies at 10.0.9.4:3001, 10.0.9.5:3001: their paths are \
         not told apart; give each a --node-id",
        "pi1: tasks run there and no proxy is heard, so its paths are not measured",
    ]);
    assert_eq!(browser.eval(items).await, expected);
}

#[tokio::test]
async fn a_broken_published_port_is_named_above_the_score_with_the_node_it_fails_from() {
    let mut reports = one_broken(3);
    let port = |address: &str, cause| PortMeasurement {
        port: Port {
            kind: PortKind::Published,
            node: "pi3".parse().ok(),
            address: address.parse().expect("an address"),
        },
        cause,
        answered: Vec::new(),
        unreached: Vec::new(),
    };
    let timeout = Some(PortProblem::Failed(ProbeFailure::Timeout));
    reports.reports[0].report.ports = Some(vec![port("10.99.0.3:3000", timeout)]);
    let reports = Arc::new(Mutex::new(reports));
    let (_scoreboard, browser) = page_of(3, Arc::clone(&reports)).await;
    browser.until("document.querySelector('[data-kind=port] span')").await;
    let said = browser.eval("document.querySelector('[data-kind=port] span').innerText").await;
    assert_eq!(said, "pi1 → port 10.99.0.3:3000 of pi3: nothing comes back");
    let told = "document.querySelector('#timeline-list .port span').innerText";
    assert_eq!(browser.eval(told).await, said);
    let count = "document.querySelector('#ports').innerText";
    assert_eq!(browser.eval(count).await, "Published ports: 1 checked");

    reports.lock().reports[0].report.ports = None;
    browser.until("!document.querySelector('[data-kind=port]')").await;
    browser.until(&format!("{count} === 'Published ports: not configured'")).await;
}
