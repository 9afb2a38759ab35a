//! Addresses that are listed and dead.

use std::time::{Duration, Instant};

use tokio::net::{TcpSocket, TcpStream};

use crate::alone::alone;
use crate::cluster::{Cluster, player};

#[test]
fn dead_addresses_that_stay_listed_cost_no_rally_and_no_time() {
    alone(async || {
        let cluster = Cluster::start();
        let _players = [player("ping.1", "127.0.1.1"), player("pong.1", "127.0.2.1")];
        // Nobody listens at the first, no way leads to the second, and the third is a machine
        // without power: the kernel drops what does not fit the queue of a port.
        let silent = TcpSocket::new_v4().expect("a socket");
        silent.bind("127.0.1.8:3000".parse().expect("an address")).expect("free");
        let silent = silent.listen(1).expect("a short queue");
        let mut queue = Vec::new();
        let at = silent.local_addr().expect("bound");
        let brief = Duration::from_millis(200);
        while let Ok(Ok(one)) = tokio::time::timeout(brief, TcpStream::connect(at)).await {
            queue.push(one);
        }
        cluster.dns.list("tasks.ping", &["127.0.1.9", "10.9.9.9", "127.0.1.8", "127.0.1.1"]);
        cluster.dns.list("tasks.pong", &["127.0.2.1"]);
        while cluster.ask().await.status != 200 {}

        let begun = Instant::now();
        let (mut rallies, mut faults) = (0, 0);
        while begun.elapsed() < Duration::from_secs(4) || rallies < 20 {
            faults += cluster.rally().await.faults;
            rallies += 1;
        }
        // Each was knocked at in the background first.
        assert_eq!(faults, 0, "in {rallies} rallies: {}", cluster.manager.log());
    });
}

#[test]
fn a_dead_address_that_comes_to_life_plays() {
    alone(async || {
        let cluster = Cluster::start();
        let _players = [player("ping.1", "127.0.1.1"), player("pong.1", "127.0.2.1")];
        cluster.dns.list("tasks.ping", &["127.0.1.1", "127.0.1.2"]);
        cluster.dns.list("tasks.pong", &["127.0.2.1"]);
        while cluster.ask().await.status != 200 {}
        for _ in 0..50 {
            cluster.rally().await;
        }
        assert!(!cluster.manager.log().contains("player failed"), "asked before it was reached");
        let _late = player("ping.2", "127.0.1.2");
        let begun = Instant::now();
        while !cluster.rally().await.players.contains(&"ping.2".to_owned()) {
            // Pauses grow to five seconds.
            assert!(begun.elapsed() < Duration::from_secs(12), "it never plays");
        }
    });
}
