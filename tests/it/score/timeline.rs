//! What happened, as both scoreboards of a cluster tell it.

use std::net::SocketAddr;

use protocol::name::Name;
use protocol::service::Service;
use protocol::timeline::{Timeline, TimelineEvent};
use protocol::whoami::WhoAmINow;

use super::scoreboards::fetch;
use crate::cluster::scripted_peer::{AfterBytes, ScriptedPeer, ok, one_piece};
use crate::support::http::get;
use crate::support::netns::isolated;
use crate::support::peer::whoami;
use crate::support::ports::list;
use crate::support::process::Process;
use crate::support::swarm::Cluster;
use crate::support::wait::{until, until_ready, until_true};

async fn timeline(address: SocketAddr) -> Timeline {
    get(address, "/timeline", &[]).await.parse()
}

/// Returns what happened, the oldest first, such as `gone ping.1@pi1`.
fn told(timeline: &Timeline) -> Vec<String> {
    let told = timeline.entries.iter().rev().map(|entry| match &entry.event {
        TimelineEvent::Joined(task) => format!("joined {}", task.task),
        TimelineEvent::Replaced(task) => format!("replaced {}", task.task),
        TimelineEvent::Moved { task, from } => format!("moved {} from {from}", task.task),
        TimelineEvent::Gone(task) => format!("gone {}", task.task),
        TimelineEvent::Lost { node } => format!("lost {node}"),
        TimelineEvent::Left { node } => format!("left {node}"),
        TimelineEvent::Back { node } => format!("back {node}"),
        TimelineEvent::Path { from, to, .. } => format!("path {from} {to}"),
        TimelineEvent::Port { from, port, cause } => format!("{from} {port} {cause}"),
        TimelineEvent::Release { service, release, .. } => format!("release {service} {release}"),
    });
    told.collect()
}

/// Waits until the scoreboards have told all of this, in this order, and that each of it happened once.
async fn until_told(scoreboards: &[SocketAddr], expected: &[&str]) {
    for scoreboard in scoreboards {
        let mut last = Vec::new();
        until_true("it is told", async || {
            let told = told(&timeline(*scoreboard).await);
            if last != told {
                println!("{scoreboard}: {told:?}");
                last.clone_from(&told);
            }
            let found: Vec<_> =
                told.iter().filter(|one| expected.contains(&one.as_str())).collect();
            found == expected
        })
        .await;
    }
}

#[test]
fn both_scoreboards_tell_once_what_happened_and_so_does_one_that_is_restarted() {
    isolated(async || {
        let tasks = [
            ("ping.1", "pi1"),
            ("pong.1", "pi1"),
            ("manager.1", "pi1"),
            ("scoreboard.1", "pi1"),
            ("scoreboard.2", "pi2"),
            ("proxy.pi1", "pi1"),
            ("proxy.pi2", "pi2"),
            ("pong.2", "pi3"),
        ];
        let mut cluster = Cluster::start(&tasks, &[]);
        let scoreboards: Vec<_> = cluster.of("scoreboard").map(|(_, task)| task.listen).collect();
        let admins: Vec<_> = cluster.of("scoreboard").map(|(_, task)| task.admin).collect();
        for admin in admins {
            until_ready(admin, "scoreboard", 2).await;
        }
        for scoreboard in &scoreboards {
            until_true("all tasks are known", async || fetch(*scoreboard).await.tasks.len() == 8)
                .await;
        }
        cluster.kill("ping.1");
        until_told(&scoreboards, &["gone ping.1@pi1"]).await;
        cluster.add("ping.1", "pi2");
        until_told(&scoreboards, &["gone ping.1@pi1", "moved ping.1@pi2 from pi1"]).await;
        cluster.kill("pong.2");
        until_told(&scoreboards, &["gone pong.2@pi3", "lost pi3"]).await;
        let away = fetch(scoreboards[0]).await.away;
        assert!(
            away.len() == 1 && away[0].is_lost && away[0].node.to_string() == "pi3",
            "{away:?}"
        );
        cluster.add("pong.2", "pi3");
        let all = ["moved ping.1@pi2 from pi1", "lost pi3", "back pi3", "replaced pong.2@pi3"];
        until_told(&scoreboards, &all).await;
        cluster.kill("scoreboard.1");
        cluster.add("scoreboard.1", "pi1");
        let gone = [&all[..], &["gone scoreboard.1@pi1"]].concat();
        until_told(&scoreboards, &gone).await;
        // Through any node.
        for proxy in cluster.proxies() {
            until_told(&[proxy], &gone).await;
        }
        assert!(fetch(scoreboards[0]).await.away.is_empty());
    });
}

/// Starts a task whose clock is this much ahead, in milliseconds.
async fn task(name: &'static str, ahead: i64) -> ScriptedPeer {
    ScriptedPeer::serve(move |_| {
        let whoami = serde_json::from_str(&whoami(Service::Light, name)).expect("an identity");
        let now = server::clock::unix_millis().saturating_add_signed(ahead);
        let answer = WhoAmINow { whoami, now: Some(now) };
        let body = serde_json::to_string(&answer).expect("plain");
        (one_piece(&ok(&body)), AfterBytes::Stay)
    })
    .await
}

#[tokio::test]
async fn a_clock_that_is_more_than_two_seconds_off_is_a_trouble_of_its_node() {
    let right = [task("light.1@pi1", 1500).await, task("light.2@pi2", 0).await];
    let wrong = task("light.3@pi3", -9000).await;
    let tasks = right.iter().chain([&wrong]).map(|task| task.address);
    let tasks = list(tasks);
    let scoreboard = Process::scoreboard(&tasks);
    let troubles = until("a clock is off", async || {
        let off = |one: &&protocol::node_trouble::TroubledNode| one.seconds.is_some();
        let snapshot = fetch(scoreboard.listen).await;
        let troubles: Vec<_> = snapshot.troubles.iter().filter(off).cloned().collect();
        (!troubles.is_empty() && snapshot.tasks.len() == 3).then_some(troubles)
    })
    .await;
    let named: Vec<_> = troubles.iter().map(|one| (&one.node.name, one.seconds)).collect();
    assert_eq!(named, [(&"pi3".parse::<Name>().expect("a name"), Some(-9))]);
    scoreboard.logged("clock off: it differs from those of most nodes", &[("node", "pi3")]);
}
