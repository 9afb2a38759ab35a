//! Published ports: each is named from the nodes that do not get through, and from no other.

use std::net::SocketAddr;

use protocol::path::PathList;

use super::cluster::{AdminPorts, failures, proxy_on, scoreboard, until, until_paths};
use super::command::{paths, url};
use super::fake_proxy::{Behavior, FakeProxy};
use crate::support::http::get;
use crate::support::process::Process;

/// Starts a port at which the proxy of a node answers.
async fn port(node: &str) -> FakeProxy {
    let answer =
        format!("HTTP/1.1 204 No Content\r\nPong-Proxy: {node}\r\nConnection: close\r\n\r\n");
    FakeProxy::answering(answer).await
}

/// Starts the n-th proxy, which checks ports.
fn proxy(n: usize, admin: &AdminPorts<2>, published: &str, more: &[&str]) -> Process {
    let (node, task) = (format!("pi{n}"), format!("proxy.{n}"));
    let own = ["--node", &node, "--task", &task, "--published", published];
    let addresses = admin.addresses();
    proxy_on(&[&own[..], more].concat(), addresses[n - 1], &addresses)
}

/// Returns what is known of the ports, such as `pi1>127.0.0.1:7 (pi2) timeout`.
fn shown(list: &PathList) -> Vec<String> {
    let shown = list.ports.iter().flatten().map(|port| {
        let cause = port.cause.map_or("ok", protocol::port::PortProblem::name);
        let answered: Vec<_> = port.answered.iter().map(ToString::to_string).collect();
        format!("{}>{} {cause} {}", port.from, port.port, answered.join(","))
    });
    shown.collect()
}

async fn until_ports(scoreboard: SocketAddr, expected: &[String]) {
    until(scoreboard, &format!("{expected:?}"), |list| shown(list) == expected).await;
}

#[tokio::test]
async fn a_port_that_fails_from_one_node_is_named_with_it_until_it_is_over() {
    let [own, other, stranger] = [port("pi1").await, port("pi2").await, port("pi9").await];
    let admin = AdminPorts::<2>::reserve();
    let published = format!("pi1={},pi2={},pi8={}", own.address, other.address, stranger.address);
    let first = proxy(1, &admin, &published, &[]);
    let mut second = proxy(2, &admin, "off", &[]);
    let scoreboard = scoreboard(&admin.addresses());
    let row = |cause: &str| vec![format!("pi1>{} (pi2) {cause}", other.address)];
    // Its own port it cannot judge, and on pi8 no proxy answers probes.
    until_ports(scoreboard.listen, &row("ok pi2")).await;
    let (code, out, _) = paths(&url(scoreboard.listen)).await;
    assert_eq!(code, Some(0), "{out}");
    assert!(out.contains("\npublished ports: 1 checked, none broken\n"), "{out}");

    other.behave(Behavior::Close);
    until_ports(scoreboard.listen, &row("reset pi2")).await;
    let (code, out, _) = paths(&url(scoreboard.listen)).await;
    assert_eq!(code, Some(1), "{out}");
    let line = format!("\npi1   {} (pi2)  BROKEN reset  20", other.address);
    assert!(out.contains(&line) && out.contains("\nport reset: the proxies reach"), "{out}");
    let series = format!(
        "pong_port_broken{{from_node=\"pi1\",to_node=\"pi2\",port=\"{}\",cause=\"reset\"}} 1\n",
        other.address
    );
    let metrics = get(first.admin, "/metrics", &[]).await.body;
    assert!(metrics.contains(&series), "{metrics}");

    other.behave(Behavior::Answer);
    until_ports(scoreboard.listen, &row("ok pi2")).await;
    until_paths(scoreboard.listen, 2, &[]).await;
    second.kill();
    // What is wrong with a node is said once.
    until(scoreboard.listen, "the path alone", |list| {
        let broken = "pi1>pi2 broken refused".to_owned();
        failures(list).contains(&broken) && shown(list).is_empty()
    })
    .await;
}

#[tokio::test]
async fn the_wrong_node_at_a_host_port_is_named_and_at_one_of_the_mesh_any_is_right() {
    let port = port("pi1").await;
    let admin = AdminPorts::<2>::reserve();
    let _first = proxy(1, &admin, &format!("pi2={}", port.address), &["--publish", "ingress"]);
    let _second = proxy(2, &admin, &format!("pi1={}", port.address), &[]);
    let mesh = format!("pi1>{} (pi2) ok pi1", port.address);
    let scoreboard = scoreboard(&admin.addresses());
    let right = format!("pi2>{} (pi1) ok pi1", port.address);
    until_ports(scoreboard.listen, &[mesh, right]).await;
}
