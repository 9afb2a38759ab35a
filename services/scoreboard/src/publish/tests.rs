use std::net::SocketAddr;

use client::feed::FeedUpdate;
use game::Side;
use protocol::event::{Event, ManagerScore, PlayerCounters, PlayerUpdate};
use protocol::id::InstanceId;
use protocol::probe::ProbeFailure;
use protocol::service::Service;
use protocol::snapshot::Snapshot;
use protocol::task::Task;
use protocol::whoami::WhoAmI;
use serde_json::Value;
use tokio::time::{advance, sleep};

use super::*;
use crate::probes::tests::{report, reports};
use crate::recent::tests::{result, stroke};

const AT: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 9, 4)), 3000);

fn whoami(task: &str) -> WhoAmI {
    let mut whoami = Identity::new(Service::Ping, task.parse().expect("a task")).whoami();
    whoami.started = 7;
    whoami
}

fn publisher() -> Publisher {
    let task = "scoreboard.1@pi1".parse().expect("a task");
    let state = State::new(InstanceId::new(1), Arc::default());
    Publisher::new(&Identity::new(Service::Scoreboard, task), Arc::new(state))
}

/// Has a publisher know one of everything.
fn fill(publisher: &Publisher) {
    let manager: Task = "manager.1@pi1".parse().expect("a task");
    let player: Task = "ping.1@pi2".parse().expect("a task");
    let counters = PlayerCounters { address: AT, side: Side::Ping, player, strokes: 1, faults: 0 };
    let score = game::Score { ping: 1, pong_misses: 1, ..Default::default() };
    let instance = InstanceId::new(7);
    publisher.state.update(|cluster| {
        cluster.task_answered(([10, 0, 9, 1], 3001).into(), whoami("ping.1@pi1"), true);
        cluster.task_answered(AT, whoami("ping.1@pi2"), true);
        for event in [
            Event::Players(PlayerUpdate { manager: manager.clone(), players: vec![counters] }),
            Event::Score(ManagerScore { manager, instance, score }),
            Event::Stroke(stroke("5eed-1", 1)),
        ] {
            cluster.apply(&FeedUpdate::Event(AT, event));
        }
        cluster.recent.stroke(&stroke("5eed-1", 1));
        cluster.recent.finish(result("5eed-1", 1));
        let broken = report("pi1", &[("pi2", Some(ProbeFailure::Timeout))]);
        cluster.probes.store(reports([(0, broken)]));
    });
}

/// Reads what a subscriber gets until the feed ends: each event's kind and data.
async fn read(response: HttpResponse) -> Vec<(String, Value)> {
    let body = actix_web::body::to_bytes(response.into_body()).await.expect("a body");
    let text = std::str::from_utf8(&body).expect("text");
    let events = text.split_terminator("\n\n").map(|event| {
        let event = event.strip_prefix("event: ").expect("a kind");
        let (kind, data) = event.split_once("\ndata: ").expect("data");
        (kind.to_owned(), serde_json::from_str(data).expect("JSON"))
    });
    events.collect()
}

fn snapshot(publisher: &Publisher) -> Snapshot {
    serde_json::from_str(&publisher.score()).expect("a snapshot")
}

/// Adds the names of all fields, however deep; the entries of a table have keys instead.
fn fields(value: &Value, names: &mut Vec<String>) {
    match value {
        Value::Object(object) => object.iter().for_each(|(name, value)| {
            names.push(name.clone());
            match (name.as_str(), value) {
                ("tasks" | "players" | "cells", Value::Object(table)) => {
                    table.values().for_each(|entry| fields(entry, names));
                }
                _ => fields(value, names),
            }
        }),
        Value::Array(items) => items.iter().for_each(|item| fields(item, names)),
        _ => {}
    }
}

#[tokio::test]
async fn every_published_field_is_documented() {
    let docs = include_str!("../../../../docs/score.md").to_owned()
        + include_str!("../../../../docs/paths.md");
    let publisher = publisher();
    fill(&publisher);
    let events = publisher.subscribe();
    publisher.publish_changes();
    publisher.feed.end();
    let mut names = Vec::new();
    for (_, data) in read(events).await {
        fields(&data, &mut names);
    }
    for json in [publisher.score(), publisher.paths(), publisher.timeline()] {
        fields(&serde_json::from_str(&json).expect("JSON"), &mut names);
    }
    for expected in
        ["strokes", "rallies", "played", "missing", "tasks", "state", "instances", "measured"]
    {
        assert!(names.iter().any(|name| name == expected), "{expected} is not published");
    }
    for name in names {
        assert!(docs.contains(&format!("`{name}`")), "{name} is not documented");
    }
}

#[tokio::test]
async fn a_subscriber_gets_a_snapshot_and_then_every_change() {
    let publisher = publisher();
    let early = publisher.subscribe();
    fill(&publisher);
    publisher.publish_changes();
    let late = publisher.subscribe();
    publisher.feed.end();
    let [(snapshot, _), (update, data)] = &read(early).await[..] else { panic!("two events") };
    assert_eq!((snapshot.as_str(), update.as_str()), ("snapshot", "update"));
    let update: Update = serde_json::from_value(data.clone()).expect("an update");
    let [(_, data)] = &read(late).await[..] else { panic!("one event") };
    let snapshot: Snapshot = serde_json::from_value(data.clone()).expect("a snapshot");
    assert_eq!(snapshot.rallies, update.rallies);
    assert_eq!(update.strokes.len(), 1);
    let changed: Vec<_> = update.patch.keys().collect();
    assert_eq!(changed, ["paths", "score", "shares", "tasks", "timeline"]);
}

#[tokio::test(start_paused = true)]
async fn paths_are_rendered_at_most_every_half_second() {
    let publisher = publisher();
    fill(&publisher);
    publisher.publish_changes();
    let first = publisher.paths();
    assert!(first.contains(r#""broken":1"#), "{first}");
    let repaired = report("pi1", &[("pi2", None)]);
    advance(Duration::from_millis(1)).await;
    publisher.state.update(|cluster| cluster.probes.store(reports([(0, repaired)])));
    publisher.publish_changes();
    assert_eq!(publisher.paths(), first);
    advance(REFRESH_INTERVAL).await;
    assert!(publisher.paths().contains(r#""broken":0"#), "whoever asks gets nothing older");
}

/// Returns how often a publisher refreshes its sections in 20 s in which nothing happens.
async fn refreshes(publisher: &Arc<Publisher>) -> usize {
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(run(Arc::clone(publisher), shutdown.clone()));
    let mut seen = vec![publisher.published.lock().refreshed_at];
    for _ in 0..200 {
        sleep(Duration::from_millis(100)).await;
        seen.push(publisher.published.lock().refreshed_at);
    }
    seen.dedup();
    shutdown.cancel();
    running.await.expect("publishes to the end");
    seen.len() - 1
}

#[tokio::test(start_paused = true)]
async fn sections_are_refreshed_twice_a_second_for_a_page_and_less_often_without_one() {
    assert!((7..=8).contains(&refreshes(&Arc::new(publisher())).await), "unwatched");
    let watched = Arc::new(publisher());
    let _page = watched.subscribe();
    assert!((39..=40).contains(&refreshes(&watched).await), "watched");
}

#[tokio::test(start_paused = true)]
async fn unchanged_sections_are_not_published() {
    let publisher = publisher();
    fill(&publisher);
    let events = publisher.subscribe();
    publisher.publish_changes();
    publisher.publish_changes();
    advance(HEARTBEAT).await;
    publisher.publish_changes();
    advance(HEARTBEAT).await;
    publisher.publish_changes();
    publisher.feed.end();
    let events = read(events).await;
    assert_eq!(events.len(), 4, "the snapshot, the update, and what aged by itself");
    assert_eq!(events[3].1, serde_json::json!({}), "a sign of life");
}

#[tokio::test(start_paused = true)]
async fn new_tasks_are_published_at_once() {
    let publisher = Arc::new(publisher());
    fill(&publisher);
    let shutdown = CancellationToken::new();
    let running = tokio::spawn(run(Arc::clone(&publisher), shutdown.clone()));
    sleep(REFRESH_INTERVAL + MIN_INTERVAL).await;
    assert_eq!(snapshot(&publisher).tasks.len(), 2);
    let address = ([10, 0, 9, 5], 3001).into();
    let ping_2 = whoami("ping.2@pi2");
    publisher.state.update(|cluster| cluster.task_answered(address, ping_2, true));
    sleep(MIN_INTERVAL * 2).await;
    assert_eq!(snapshot(&publisher).tasks.len(), 3);
    shutdown.cancel();
    running.await.expect("publishes to the end");
}
