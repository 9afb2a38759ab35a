//! Proxies that lie, send too much and never end. Their JSON is written by hand, as no type of ours
//! would write it.

use protocol::path::{PathList, PathStatus};
use protocol::probe::ProbeFailure;
use protocol::service::Service;
use protocol::snapshot::Snapshot;

use super::cluster::{AdminPorts, failures, fetch, proxy, scoreboard, until};
use super::fake_proxy::{FakeProxy, ok};
use crate::support::http::{Connection, get};
use crate::support::peer::whoami;
use crate::support::ports::reserve;
use crate::support::wait::until_true;

/// Returns the report of a proxy with this name about its path to another node.
fn report(node: &str, to: &str) -> String {
    format!(
        r#"{{"proxy":{{"task":"proxy.9","node":"{node}"}},"instance":"5eed","admin":null,
        "paths":[["{to}",null,1,1,1,0,null]]}}"#
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
    let scoreboard = scoreboard(&all);
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
async fn nodes_that_a_peer_makes_up_are_no_path_and_one_that_is_lost_is_broken() {
    // 17 reports of 32 broken paths each.
    let to: Vec<_> = (0..32).map(|m| format!(r#"["ghost{m}","timeout",1,1,3,3,null]"#)).collect();
    let reports: Vec<String> = (0..17)
        .map(|n| {
            let node = if n == 0 { "pi9".to_owned() } else { format!("ghost{n}") };
            let report =
                report(&node, "pi1").replace(r#"["pi1",null,1,1,1,0,null]"#, &to.join(","));
            format!(r#"{{"age_ms":0,"report":{report}}}"#)
        })
        .collect();
    let whoami = ok(&whoami(Service::Proxy, "proxy.9@pi9"));
    let mut fakes = Vec::new();
    for reports in [
        reports.join(","),
        r#"{"age_ms":-1,"report":7}"#.to_owned(),
        format!(r#"{{"age_ms":0,"report":{}}}"#, report("\\u0000", "pi2")),
        format!(r#"{{"age_ms":18446744073709551615,"report":{}}}"#, report("pi9", "pi2")),
    ] {
        let reports = ok(&format!(r#"{{"reports":[{reports}]}}"#));
        fakes.push(FakeProxy::serving(&[("/whoami", &whoami), ("/probes", &reports)]).await);
    }
    let ports = AdminPorts::<3>::reserve();
    let _honest = [ports.proxy(1), ports.proxy(2)];
    let mut third = ports.proxy(3);
    let fake_addresses = fakes.iter().map(|fake| fake.address);
    let tasks: Vec<_> = ports.addresses().into_iter().chain(fake_addresses).collect();
    let scoreboard = scoreboard(&tasks);
    let mut most = 0;
    let mut until = async |what: &str, is_so: &dyn Fn(&PathList) -> bool| {
        until_true(what, async || {
            let list = fetch(scoreboard.listen).await;
            let is_ghost = |path: &&PathStatus| format!("{path:?}").contains("ghost");
            most = most.max(list.paths.iter().filter(is_ghost).count());
            is_so(&list)
        })
        .await;
    };
    until("all pairs are measured", &|list| list.measured == 6 && list.nodes == 4).await;
    third.kill();
    until("the lost node is broken", &|list| {
        failures(list).iter().filter(|path| path.contains(">pi3 broken refused")).count() == 2
    })
    .await;
    until("its last report is stale", &|list| list.measured == 4).await;
    println!("at most {most} paths of nodes that do not exist");
    assert_eq!(most, 0);
    let list = fetch(scoreboard.listen).await;
    assert_eq!((list.nodes, list.broken), (4, 2), "{list:?}");
    assert!(!list.paths.iter().any(|path| path.from.to_string() == "pi9"), "too old: {list:?}");
    let page: Snapshot = get(scoreboard.listen, "/score", &[]).await.parse();
    assert_eq!(page.paths.from, ["pi1", "pi2", "pi3"]);
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
