//! Addresses that are listed and dead.

use std::time::{Duration, Instant};

use tokio::net::TcpSocket;

use super::cluster::{Cluster, player};
use crate::cluster::scripted_peer::fill;
use crate::support::log::{PLAYER_FAILED, with};
use crate::support::netns::isolated;

#[test]
fn dead_addresses_that_stay_listed_cost_no_rally_and_no_time() {
    isolated(async || {
        let cluster = Cluster::start();
        let _players = [player("ping.1", "127.0.1.1"), player("pong.1", "127.0.2.1")];
        // Nobody listens at the first, no route leads to the second, and the third is a machine
        // without power: the kernel drops what does not fit the queue of a port.
        let silent = TcpSocket::new_v4().expect("a socket");
        silent.bind("127.0.1.8:3000".parse().expect("an address")).expect("free");
        let _silent = fill(silent.listen(1).expect("a short queue")).await;
        cluster.dns.list("tasks.ping", &["127.0.1.9", "10.9.9.9", "127.0.1.8", "127.0.1.1"]);
        cluster.dns.list("tasks.pong", &["127.0.2.1"]);
        cluster.until_playing().await;

        let started = Instant::now();
        let mut rallies = 0;
        let mut faults = 0;
        while started.elapsed() < Duration::from_secs(4) || rallies < 20 {
            faults += cluster.rally().await.faults;
            rallies += 1;
        }
        // Discovery had connected to each in the background first.
        assert_eq!(faults, 0, "in {rallies} rallies: {}", cluster.manager.log());
    });
}

#[test]
fn an_address_that_becomes_reachable_is_used() {
    isolated(async || {
        let cluster = Cluster::start();
        let _players = [player("ping.1", "127.0.1.1"), player("pong.1", "127.0.2.1")];
        cluster.dns.list("tasks.ping", &["127.0.1.1", "127.0.1.2"]);
        cluster.dns.list("tasks.pong", &["127.0.2.1"]);
        cluster.until_playing().await;
        for _ in 0..50 {
            cluster.rally().await;
        }
        let failed = with(&cluster.manager.log_lines(), PLAYER_FAILED).len();
        assert_eq!(failed, 0, "asked before it was connected to");
        let _late = player("ping.2", "127.0.1.2");
        let started = Instant::now();
        cluster.until_plays("ping.2").await;
        // Pauses grow to five seconds.
        assert!(started.elapsed() < Duration::from_secs(12), "{:?}", started.elapsed());
    });
}
