//! Tasks come and go, as `docker service scale` makes them.

use std::time::{Duration, Instant};

use super::cluster::{Cluster, player};
use crate::support::log::ENDPOINT_REMOVED;
use crate::support::netns::isolated;
use crate::support::wait::until_true;

/// How soon a change in DNS must show.
const SOON: Duration = Duration::from_secs(2);

#[test]
fn each_of_four_players_behind_one_name_plays_its_share() {
    isolated(async || {
        let cluster = Cluster::start();
        let addresses = ["127.0.1.1", "127.0.1.2", "127.0.1.3", "127.0.1.4"];
        cluster.dns.list("tasks.ping", &addresses);
        cluster.dns.list("tasks.pong", &["127.0.2.1"]);
        let names = ["ping.1", "ping.2", "ping.3", "ping.4"];
        let _pings = [0, 1, 2, 3].map(|n| player(names[n], addresses[n]));
        let _pong = player("pong.1", "127.0.2.1");
        cluster.until_playing().await;
        // Those that were not up when they were first connected to are connected to again.
        until_true("all play", async || cluster.strokes("ping.", 8).await.0.len() == 4).await;
        let (strokes, _) = cluster.strokes("ping.", 400).await;
        let fair = f64::from(strokes.values().sum::<u32>()) / 4.0;
        assert_eq!(strokes.len(), 4, "{strokes:?}");
        let off = |count: &u32| (f64::from(*count) / fair - 1.0).abs();
        assert!(strokes.values().all(|count| off(count) <= 0.1), "{strokes:?}");
    });
}

#[test]
fn a_player_that_appears_plays_within_two_seconds() {
    isolated(async || {
        let cluster = Cluster::start();
        assert_eq!(cluster.ask().await.status, 503, "no name, no player");
        let _first = [player("ping.1", "127.0.1.1"), player("pong.1", "127.0.2.1")];
        cluster.dns.list("tasks.ping", &["127.0.1.1"]);
        cluster.dns.list("tasks.pong", &["127.0.2.1"]);
        let listed = Instant::now();
        cluster.until_playing().await;
        assert!(listed.elapsed() < SOON, "the first: {:?}", listed.elapsed());

        let _second = player("ping.2", "127.0.1.2");
        cluster.dns.list("tasks.ping", &["127.0.1.1", "127.0.1.2"]);
        let listed = Instant::now();
        cluster.until_plays("ping.2").await;
        assert!(listed.elapsed() < SOON, "the second: {:?}", listed.elapsed());
        let (strokes, faults) = cluster.strokes("ping.", 100).await;
        let difference = strokes["ping.1"].abs_diff(strokes["ping.2"]);
        assert!(difference <= 1 && faults == 0, "in turn: {strokes:?}, {faults} faults");
    });
}

#[test]
fn a_player_that_disappears_costs_no_rally() {
    isolated(async || {
        let cluster = Cluster::start();
        let mut pings = [player("ping.1", "127.0.1.1"), player("ping.2", "127.0.1.2")];
        let mut pongs = [player("pong.1", "127.0.2.1"), player("pong.2", "127.0.2.2")];
        cluster.dns.list("tasks.ping", &["127.0.1.1", "127.0.1.2"]);
        cluster.dns.list("tasks.pong", &["127.0.2.1", "127.0.2.2"]);
        cluster.until_playing().await;
        until_true("all play", async || cluster.strokes("p", 8).await.0.len() == 4).await;

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

        // As when a plug is pulled: gone, and listed for a while.
        pongs[0].kill();
        let (strokes, faults) = cluster.strokes("pong.", 50).await;
        assert!(strokes.len() == 1 && faults >= 1, "{strokes:?}, {faults} faults");
        cluster.dns.list("tasks.pong", &["127.0.2.2"]);
        cluster.manager.logged(ENDPOINT_REMOVED, &[("address", "127.0.2.1:3000")]);
        assert_eq!(cluster.strokes("pong.", 50).await.1, 0);
    });
}
