//! Scaling: new players play within 2 s of being healthy, with an even load; removing players loses
//! nothing.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::{Duration, SystemTime};

use futures_util::future::{Either, join, select};

use crate::load::STEADY;
use crate::scenario::{Allowance, Scenario, TestRun, age};
use crate::scoreboard::shown;
use crate::swarm::{NODES, shell, until_running};
use crate::wait::until;

/// The players that are added when two are scaled to four.
const NEW: [&str; 2] = ["ping.3", "ping.4"];

/// How soon a player plays after it has become healthy.
const PLAYS_WITHIN: Duration = Duration::from_secs(2);

/// How soon after that the page shows it, and its share.
const SHOWN_WITHIN: Duration = Duration::from_secs(2);

/// How long after one manager has discovered a new player all of them have: they look up names each
/// second.
const DISCOVERED_BY_ALL: Duration = Duration::from_millis(1500);

/// How long strokes are counted to check that the load is even.
const COUNTED: Duration = Duration::from_secs(3);

/// Maximum difference between the most and the least used player, in percent of the former: managers
/// are strictly round-robin, so only rallies at the edges of the time make a difference.
const MAX_DIFFERENCE: usize = 10;

pub(crate) async fn stack(run: &mut TestRun) {
    service(run, "pong_ping").await;
    shell("docker service scale --detach pong_ping=2").await;
    until_running("pong_ping", 2, 20).await;
}

/// Scales the ping players to 4, by the command of the README, and to 1.
pub(crate) async fn service(run: &mut TestRun, service: &str) {
    run.play(&format!("docker service scale {service}=4"), STEADY, async |scenario| {
        let command = format!("docker service scale {service}=4");
        let (counts, shown) = {
            // The command keeps watching for some seconds after the tasks run.
            let observed = pin!(join(count_strokes(scenario), shown(NODES[0], &NEW)));
            match select(observed, pin!(shell(&command))).await {
                Either::Left((observed, _)) => observed,
                Either::Right((_, observed)) => observed.await,
            }
        };
        for task in NEW {
            check_times(scenario, task, shown.get(task).copied());
        }
        scenario.note(format!("strokes in {} s: {counts:?}", COUNTED.as_secs()));
        let least = counts.values().min().copied().unwrap_or_default();
        let most = counts.values().max().copied().unwrap_or_default();
        let even = (most - least) * 100 <= MAX_DIFFERENCE * most;
        scenario.check(even, format!("uneven load: {counts:?}"));
        Allowance::default()
    })
    .await;
    run.play(&format!("docker service scale {service}=1"), STEADY, async |scenario| {
        shell(&format!("docker service scale --detach {service}=1")).await;
        until_running(service, 1, 20).await;
        let ended = async || {
            let stopped = scenario.events("ping.", "die");
            stopped.len() == 3
        };
        until("three players have ended", 20, ended).await;
        Allowance::default()
    })
    .await;
}

/// Waits until four players play, and counts their strokes for a while.
async fn count_strokes(scenario: &Scenario) -> BTreeMap<String, usize> {
    until("four ping players play", 30, async || strokes(scenario, scenario.started).len() == 4)
        .await;
    let from = SystemTime::now() + DISCOVERED_BY_ALL;
    until("the time is over", 10, async || from.elapsed().is_ok_and(|time| time > COUNTED)).await;
    strokes(scenario, from)
}

/// Returns the strokes of each ping player since then.
fn strokes(scenario: &Scenario, since: SystemTime) -> BTreeMap<String, usize> {
    let mut strokes = BTreeMap::new();
    for record in scenario.load.records().iter().filter(|record| record.requested >= since) {
        for stroke in record.result.iter().flat_map(|rally| &rally.strokes) {
            if stroke.player.starts_with("ping.") {
                *strokes.entry(stroke.player.clone()).or_insert(0) += 1;
            }
        }
    }
    strokes
}

/// Checks how long a new task was healthy before it played, and before the page showed it.
fn check_times(scenario: &mut Scenario, task: &str, shown: Option<SystemTime>) {
    let healthy = scenario.events(task, "health_status: healthy").first().map(|event| event.at);
    let (Some(healthy), Some(first), Some(shown)) = (healthy, first_stroke(scenario, task), shown)
    else {
        let fault = format!("{task} was never healthy, never played, or was never shown");
        return scenario.check(false, fault);
    };
    let plays = age(first, healthy);
    let shows = age(shown, healthy);
    scenario.note(format!(
        "{task} played {} ms after it was healthy, and the page showed its share after {} ms",
        plays.as_millis(),
        shows.as_millis()
    ));
    scenario.check(plays <= PLAYS_WITHIN, format!("{task} played {plays:?} after it was healthy"));
    scenario.check(shows <= SHOWN_WITHIN, format!("the page showed {task} only after {shows:?}"));
}

/// Returns when a client received a task's first stroke.
fn first_stroke(scenario: &Scenario, task: &str) -> Option<SystemTime> {
    let records = scenario.load.records();
    let rallies = records.iter().filter(|record| {
        let mut strokes = record.result.iter().flat_map(|rally| &rally.strokes);
        strokes.any(|stroke| stroke.player.split('@').next() == Some(task))
    });
    rallies.map(|record| record.ended()).min()
}
