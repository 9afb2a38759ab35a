//! A DNS server in trouble.

use std::time::{Duration, Instant};

use crate::alone::alone;
use crate::cluster::{Cluster, player};
use crate::dns::Says;
use crate::process::Process;

/// Plays for as long as the server says nothing useful of ping, then lets it come to its senses.
async fn assert_costs_no_rally(cluster: &Cluster, says: Says, time: Duration) {
    cluster.dns.say("tasks.ping", says);
    let begun = Instant::now();
    while begun.elapsed() < time {
        cluster.rally().await;
    }
    cluster.dns.list("tasks.ping", &["127.0.1.1"]);
    cluster.strokes("ping.", 20).await;
}

fn cluster() -> (Cluster, [Process; 2]) {
    let cluster = Cluster::start();
    let players = [player("ping.1", "127.0.1.1"), player("pong.1", "127.0.2.1")];
    cluster.dns.list("tasks.ping", &["127.0.1.1"]);
    cluster.dns.list("tasks.pong", &["127.0.2.1"]);
    (cluster, players)
}

#[test]
fn a_server_that_fails_for_two_seconds_costs_no_rally() {
    alone(async || {
        let (cluster, _players) = cluster();
        while cluster.ask().await.status != 200 {}
        assert_costs_no_rally(&cluster, Says::Failure, Duration::from_secs(2)).await;
    });
}

#[test]
fn a_server_that_is_silent_for_three_seconds_costs_no_rally() {
    alone(async || {
        let (cluster, _players) = cluster();
        while cluster.ask().await.status != 200 {}
        assert_costs_no_rally(&cluster, Says::Silence, Duration::from_secs(3)).await;
    });
}

#[test]
fn a_name_without_addresses_is_a_side_without_players() {
    alone(async || {
        let (cluster, _players) = cluster();
        while cluster.ask().await.status != 200 {}
        cluster.dns.list("tasks.ping", &[]);
        cluster.manager.logged(&["\"vanished\"", "\"127.0.1.1:3000\""]);
        let answer = cluster.ask().await;
        assert_eq!((answer.status, answer.header("retry-after")), (503, "1"), "{answer:?}");
        cluster.dns.list("tasks.ping", &["127.0.1.1"]);
        let listed = Instant::now();
        while cluster.ask().await.status != 200 {}
        assert!(listed.elapsed() < Duration::from_secs(2), "{:?}", listed.elapsed());
    });
}

#[test]
fn a_server_that_is_silent_delays_neither_start_nor_end() {
    alone(async || {
        let dns = crate::dns::Dns::start();
        for name in ["tasks.ping", "tasks.pong", "tasks.manager", "tasks.scoreboard"] {
            dns.say(name, Says::Silence);
        }
        for service in ["manager", "proxy"] {
            let mut process = Process::start(&[service]);
            assert!(process.ready_in < Duration::from_secs(2), "{:?}", process.ready_in);
            let begun = Instant::now();
            process.terminate();
            assert_eq!(process.code(), Some(0), "{}", process.log());
            assert!(begun.elapsed() < Duration::from_secs(5), "{service}: {:?}", begun.elapsed());
        }
    });
}
