use client::feed::DisconnectReason;
use protocol::event::{ManagerScore, PlayerUpdate};
use tokio::time::advance;

use super::*;

const AT: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 9, 4)), 3000);

fn score(instance: &str, rallies: u64) -> Event {
    let manager = "manager.1@pi1".parse().expect("a task");
    let instance = protocol::name::Name::from_any(instance).into();
    let score =
        Score { ping: rallies, ping_hits: 2 * rallies, pong_misses: rallies, ..Score::default() };
    Event::Score(ManagerScore { manager, instance, score })
}

fn players(strokes: u64, faults: u64) -> Event {
    let manager = "manager.1@pi1".parse().expect("a task");
    let player = "ping.1@pi2".parse().expect("a task");
    let address = ([10, 0, 9, 5], 3000).into();
    let counters = PlayerCounters { address, side: Side::Ping, player, strokes, faults };
    Event::Players(PlayerUpdate { manager, players: vec![counters] })
}

fn apply(cluster: &mut ClusterState, events: impl IntoIterator<Item = Event>) {
    events.into_iter().for_each(|event| cluster.apply(&FeedUpdate::Event(AT, event)));
}

#[tokio::test(start_paused = true)]
async fn scores_of_successive_manager_instances_add_up() {
    let mut cluster = ClusterState::new(InstanceId::new(1), Arc::default());
    cluster.apply(&FeedUpdate::Connected(AT));
    apply(&mut cluster, [score("a", 5)]);
    cluster.apply(&FeedUpdate::Disconnected(AT, DisconnectReason::Ended));
    assert_eq!(cluster.score().rallies, 5);
    apply(&mut cluster, [score("b", 2), score("a", 4)]);
    assert_eq!((cluster.score().rallies, cluster.score().instances), (7, 2));
}

#[tokio::test(start_paused = true)]
async fn rates_exclude_rallies_before_the_subscription() {
    let mut cluster = ClusterState::new(InstanceId::new(1), Arc::default());
    apply(&mut cluster, [score("a", 1_000_000)]);
    advance(Duration::from_secs(1)).await;
    apply(&mut cluster, [score("a", 1_000_010)]);
    advance(Duration::from_secs(1)).await;
    let view = cluster.score();
    assert_eq!((view.rallies_per_second, view.strokes_per_second), (2.0, 6.0));
}

#[tokio::test(start_paused = true)]
async fn shares_and_faults_exclude_the_initial_counters() {
    let mut cluster = ClusterState::new(InstanceId::new(1), Arc::default());
    for (n, node) in [(1, "pi1"), (2, "pi2")] {
        cluster.nodes.answered(([10, 0, 9, n], 3001).into(), &node.parse().expect("a node"), true);
    }
    cluster.apply(&FeedUpdate::Connected(AT));
    apply(&mut cluster, [players(1000, 7), score("a", 9), players(1003, 8)]);
    assert_eq!(cluster.membership(), 1);
    advance(Duration::from_secs(1)).await;
    assert_eq!(cluster.shares.view().players["ping.1@pi2"].strokes, 3);
    let paths = cluster.see_paths();
    assert_eq!((paths[0].from.to_string(), paths[0].to.to_string()), ("pi1".into(), "pi2".into()));
    assert_eq!(paths[0].strokes.expect("strokes").faults, 1);
}

#[tokio::test(start_paused = true)]
async fn missing_services_are_reported_after_a_grace_period() {
    let mut cluster = ClusterState::new(InstanceId::new(1), Arc::default());
    assert!(cluster.missing().is_empty());
    advance(STARTUP_GRACE).await;
    assert_eq!(cluster.missing(), [Service::Manager], "players may be where nobody looks");
    let whoami = r#"{"service":"scoreboard","task":"scoreboard.1","node":"pi1","version":"0.1.0",
        "release":"1","os":"linux","arch":"arm","started":7}"#;
    cluster.task_answered(AT, serde_json::from_str(whoami).expect("a task"), true);
    assert_eq!(cluster.missing(), [Service::Manager, Service::Ping, Service::Pong]);
    cluster.apply(&FeedUpdate::Connected(AT));
    assert_eq!(cluster.missing(), [Service::Ping, Service::Pong]);
    apply(&mut cluster, [score("a", 1), players(3, 0)]);
    assert_eq!(cluster.missing(), [Service::Pong], "a manager reports what ping played");
}
