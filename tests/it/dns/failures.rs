//! A DNS server that fails.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use super::cluster::{Cluster, player, start_on};
use crate::support::dns::{Dns, Reply};
use crate::support::http::get;
use crate::support::log::ENDPOINT_REMOVED;
use crate::support::netns::isolated;
use crate::support::process::Process;

/// Plays for as long as the server gives no useful reply for ping, then lets it recover.
async fn assert_costs_no_rally(reply: Reply, time: Duration) {
    let (cluster, _players) = start().await;
    cluster.dns.set("tasks.ping", reply);
    let started = Instant::now();
    while started.elapsed() < time {
        cluster.rally().await;
    }
    cluster.dns.list("tasks.ping", &["127.0.1.1"]);
    cluster.strokes("ping.", 20).await;
}

/// Starts a cluster with a player of each side, and waits until rallies are played.
async fn start() -> (Cluster, [Process; 2]) {
    let cluster = Cluster::start();
    let players = [player("ping.1", "127.0.1.1"), player("pong.1", "127.0.2.1")];
    cluster.dns.list("tasks.ping", &["127.0.1.1"]);
    cluster.dns.list("tasks.pong", &["127.0.2.1"]);
    cluster.until_playing().await;
    (cluster, players)
}

#[test]
fn a_server_that_fails_for_two_seconds_costs_no_rally() {
    isolated(async || assert_costs_no_rally(Reply::Failure, Duration::from_secs(2)).await);
}

#[test]
fn a_server_that_is_silent_for_three_seconds_costs_no_rally() {
    isolated(async || assert_costs_no_rally(Reply::Silence, Duration::from_secs(3)).await);
}

#[test]
fn a_name_without_addresses_is_a_side_without_players() {
    isolated(async || {
        let (cluster, _players) = start().await;
        cluster.dns.list("tasks.ping", &[]);
        cluster.manager.logged(ENDPOINT_REMOVED, &[("address", "127.0.1.1:3000")]);
        let answer = cluster.ask().await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, "1"), "{answer:?}");
        cluster.dns.list("tasks.ping", &["127.0.1.1"]);
        let listed = Instant::now();
        cluster.until_playing().await;
        assert!(listed.elapsed() < Duration::from_secs(2), "{:?}", listed.elapsed());
    });
}

#[test]
fn a_proxy_that_starts_waits_for_its_first_lookup_and_is_not_healthy_before() {
    isolated(async || {
        let cluster = Cluster::start();
        let _players = [player("ping.1", "127.0.1.1"), player("pong.1", "127.0.2.1")];
        cluster.dns.list("tasks.ping", &["127.0.1.1"]);
        cluster.dns.list("tasks.pong", &["127.0.2.1"]);
        cluster.until_playing().await;
        cluster.dns.set("tasks.manager", Reply::Late(vec![Ipv4Addr::new(127, 0, 3, 1)]));
        cluster.dns.asked();
        let proxy = start_on("127.0.4.2", &["proxy"]);
        let health = get(proxy.admin, "/healthz", &[]).await;
        let unanswered = !cluster.dns.asked().contains(&"A tasks.manager by tcp".to_owned());
        assert!(health.status == 503 || !unanswered, "{health:?}");
        let rally = get(proxy.listen, "/rally", &[]).await;
        assert_eq!(rally.status, 200, "{rally:?}");
        let health = get(proxy.admin, "/healthz", &[]).await;
        assert_eq!(health.status, 200, "{health:?}");
    });
}

#[test]
fn a_server_that_is_silent_delays_neither_start_nor_end() {
    isolated(async || {
        let dns = Dns::start();
        for name in ["tasks.ping", "tasks.pong", "tasks.manager", "tasks.scoreboard"] {
            dns.set(name, Reply::Silence);
        }
        for service in ["manager", "proxy"] {
            let mut process = Process::start(&[service]);
            assert!(process.ready_in < Duration::from_secs(2), "{:?}", process.ready_in);
            let started = Instant::now();
            process.terminate();
            assert_eq!(process.code(), Some(0), "{}", process.log());
            let elapsed = started.elapsed();
            assert!(elapsed < Duration::from_secs(5), "{service}: {elapsed:?}");
        }
    });
}
