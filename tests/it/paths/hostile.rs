//! Proxies that lie, send too much and never end. Their JSON is written by hand, as no type of ours
//! would write it.

use protocol::probe::ProbeFailure;

use super::cluster::{AdminPorts, proxy, scoreboard, until};
use super::fake_proxy::{FakeProxy, ok};
use crate::support::http::{Connection, get};
use crate::support::ports::reserve;

/// Returns the report of a proxy with this name about its path to another node.
fn report(node: &str, to: &str) -> String {
    format!(
        r#"{{"proxy":{{"task":"proxy.9","node":"{node}"}},"instance":"5eed","admin":null,
        "paths":[["{to}",null,1,1,1,0]]}}"#
    )
}

#[tokio::test]
async fn invalid_probe_answers_are_reported_by_cause() {
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(4 << 20));
    let many = format!(
        r#"{{"proxy":{{"task":"p","node":"n"}},"instance":"5eed","admin":null,"paths":[{}]}}"#,
        vec![r#"["a",null,1,1,1,0]"#; 100_000].join(",")
    );
    let mut fakes = Vec::new();
    for answer in [
        endless,
        ok(&many),
        ok(&report("\\u001b[2J", "pi2")),
        ok(&report("<script>alert(1)</script>", "pi2")),
        ok(&report("pi9", "\\r\\nHTTP/1.1 200 OK")),
        ok("{}"),
        ok(&"[".repeat(8000)),
        "\x1b[2J\r\n\r\n".to_owned(),
    ] {
        fakes.push((FakeProxy::answering(&answer).await, answer));
    }
    let admin = reserve();
    let addresses = fakes.iter().map(|(fake, _)| fake.address);
    let all: Vec<_> = addresses.chain([admin.address]).collect();
    let proxy = proxy(1, admin.address, &all);
    let scoreboard = scoreboard(&[admin.address]);
    let list = until(scoreboard.listen, "all broken", |list| list.broken == fakes.len()).await;
    for (fake, answer) in &fakes {
        let address = fake.address.to_string();
        let answer: String = answer.chars().take(80).collect();
        let path = list.paths.iter().find(|path| path.to.to_string() == address);
        let cause = path.expect("a path").cause;
        assert_eq!(cause, Some(ProbeFailure::InvalidAnswer), "{answer}");
    }
    assert_eq!(get(proxy.admin, "/healthz", &[]).await.status, 200);
}

#[tokio::test]
async fn relayed_reports_are_bounded_and_escaped() {
    let whoami = ok(r#"{"service":"proxy","task":"proxy.9","node":"pi9","version":"1",
        "release":"1","os":"linux","arch":"arm","started":7}"#);
    let reports: Vec<String> = (0..400)
        .map(|n| {
            let report = report(&format!("n{n}"), &format!("m{n}"));
            format!(r#"{{"age_ms":0,"report":{report}}}"#)
        })
        .collect();
    let mut fakes = Vec::new();
    for reports in [
        reports.join(","),
        r#"{"age_ms":-1,"report":7}"#.to_owned(),
        format!(r#"{{"age_ms":0,"report":{}}}"#, report("\\u0000", "pi2")),
        format!(r#"{{"age_ms":18446744073709551615,"report":{}}}"#, report("x", "y")),
    ] {
        let reports = ok(&format!(r#"{{"reports":[{reports}]}}"#));
        fakes.push(FakeProxy::serving(&[("/whoami", &whoami), ("/probes", &reports)]).await);
    }
    let ports = AdminPorts::<2>::reserve();
    let _honest = [ports.proxy(1), ports.proxy(2)];
    let fake_addresses = fakes.iter().map(|fake| fake.address);
    let tasks: Vec<_> = ports.addresses().into_iter().chain(fake_addresses).collect();
    let scoreboard = scoreboard(&tasks);
    // The first of them is believed: its reports are valid.
    let list = until(scoreboard.listen, "all of it", |list| list.measured == 402).await;
    assert_eq!(list.broken, 0);
    let is_from = |node: &str| list.paths.iter().any(|path| path.from.to_string() == node);
    assert!(is_from("pi1") && is_from("pi2"));
    assert!(!is_from("x"), "a report that is too old");
}

#[tokio::test]
async fn an_endless_probe_body_is_rejected() {
    let admin = reserve();
    let proxy = proxy(1, admin.address, &[admin.address]);
    let body = "o".repeat(20_000);
    let request = format!(
        "POST /probe HTTP/1.1\r\nHost: test\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut connection = Connection::open(proxy.admin).await.expect("connected");
    connection.send(&request).await.expect("sent");
    assert_eq!(connection.response().await.expect("a response").status, 413);
    let scoreboard = scoreboard(&[admin.address]);
    let list = until(scoreboard.listen, "a report", |list| list.nodes == 1).await;
    assert_eq!((list.pairs, list.broken), (0, 0));
}
