//! Tasks come and go, as `docker service scale` has them do.

use std::time::{Duration, Instant};

use crate::alone::alone;
use crate::cluster::{Cluster, player};

/// How soon a change in DNS must show.
const SOON: Duration = Duration::from_secs(2);

#[test]
fn each_of_four_players_behind_one_name_plays_its_share() {
    alone(async || {
        let cluster = Cluster::start();
        let addresses = ["127.0.1.1", "127.0.1.2", "127.0.1.3", "127.0.1.4"];
        cluster.dns.list("tasks.ping", &addresses);
        cluster.dns.list("tasks.pong", &["127.0.2.1"]);
        let names = ["ping.1", "ping.2", "ping.3", "ping.4"];
        let _pings = [0, 1, 2, 3].map(|n| player(names[n], addresses[n]));
        let _pong = player("pong.1", "127.0.2.1");
        while cluster.ask().await.status != 200 {}
        // Those that were not up when they were first asked are reached again.
        let begun = Instant::now();
        while cluster.strokes("ping.", 8).await.0.len() < 4 {
            assert!(begun.elapsed() < Duration::from_secs(10), "not all play");
        }
        let (strokes, _) = cluster.strokes("ping.", 400).await;
        let fair = f64::from(strokes.values().sum::<u32>()) / 4.0;
        assert_eq!(strokes.len(), 4, "{strokes:?}");
        let off = |count: &u32| (f64::from(*count) / fair - 1.0).abs();
        assert!(strokes.values().all(|count| off(count) <= 0.1), "{strokes:?}");
    });
}

#[test]
fn one_that_appears_plays_within_two_seconds() {
    alone(async || {
        let cluster = Cluster::start();
        assert_eq!(cluster.ask().await.status, 503, "no name, no player");
        let _one = [player("ping.1", "127.0.1.1"), player("pong.1", "127.0.2.1")];
        cluster.dns.list("tasks.ping", &["127.0.1.1"]);
        cluster.dns.list("tasks.pong", &["127.0.2.1"]);
        let listed = Instant::now();
        while cluster.ask().await.status != 200 {}
        assert!(listed.elapsed() < SOON, "the first: {:?}", listed.elapsed());

        let _two = player("ping.2", "127.0.1.2");
        cluster.dns.list("tasks.ping", &["127.0.1.1", "127.0.1.2"]);
        let listed = Instant::now();
        while !cluster.rally().await.players.contains(&"ping.2".to_owned()) {}
        assert!(listed.elapsed() < SOON, "the second: {:?}", listed.elapsed());
        let (strokes, faults) = cluster.strokes("ping.", 100).await;
        let difference = strokes["ping.1"].abs_diff(strokes["ping.2"]);
        assert!(difference <= 1 && faults == 0, "in turn: {strokes:?}, {faults} faults");
    });
}

#[test]
fn one_that_vanishes_costs_no_rally() {
    alone(async || {
        let cluster = Cluster::start();
        let mut pings = [player("ping.1", "127.0.1.1"), player("ping.2", "127.0.1.2")];
        let mut pongs = [player("pong.1", "127.0.2.1"), player("pong.2", "127.0.2.2")];
        cluster.dns.list("tasks.ping", &["127.0.1.1", "127.0.1.2"]);
        cluster.dns.list("tasks.pong", &["127.0.2.1", "127.0.2.2"]);
        while cluster.ask().await.status != 200 {}
        assert_eq!(cluster.strokes("p", 50).await.0.len(), 4, "all play");

        // As Swarm scales down: the address leaves DNS, and two seconds later comes the signal.
        cluster.dns.list("tasks.ping", &["127.0.1.1"]);
        let left = Instant::now();
        let mut faults = 0;
        while left.elapsed() < SOON {
            faults += cluster.rally().await.faults;
        }
        pings[1].terminate();
        let (strokes, more) = cluster.strokes("ping.", 50).await;
        assert_eq!((strokes.len(), faults + more), (1, 0), "not even a fault: {strokes:?}");
        assert_eq!(pings[1].code(), Some(0));

        // As a plug is pulled: gone, and listed for a while.
        pongs[0].kill();
        let (strokes, faults) = cluster.strokes("pong.", 50).await;
        assert!(strokes.len() == 1 && faults >= 1, "{strokes:?}, {faults} faults");
        cluster.dns.list("tasks.pong", &["127.0.2.2"]);
        cluster.manager.logged(&["\"vanished\"", "\"127.0.2.1:3000\""]);
        assert_eq!(cluster.strokes("pong.", 50).await.1, 0);
    });
}
