//! Scaling: new players play within 2 s of being healthy, all of them evenly; fewer lose nothing.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::{Duration, SystemTime};

use futures_util::future::{Either, join, select};

use crate::board::shown;
use crate::load::STEADY;
use crate::stage::{Excuse, Scene, Stage, age};
use crate::swarm::{NODES, shell, until, until_running};

/// Who comes when two are scaled to four.
const NEW: [&str; 2] = ["ping.3", "ping.4"];

/// How soon a player plays after its healthcheck has passed for the first time.
const PLAYS_WITHIN: Duration = Duration::from_secs(2);

/// How soon after that the page shows it, and its share.
const SHOWN_WITHIN: Duration = Duration::from_secs(2);

/// How long after one manager has found a new player all of them have: they look each second.
const ALL_KNOW: Duration = Duration::from_millis(1500);

/// How long strokes are counted to see that they are spread evenly.
const SPREAD: Duration = Duration::from_secs(3);

/// How far the busiest and the idlest may be apart, in percent of the busiest: turns are strict, so
/// only the rallies that the time cuts in two make a difference.
const APART: usize = 10;

pub(crate) async fn stack(stage: &mut Stage) {
    service(stage, "pong_ping").await;
    shell("docker service scale --detach pong_ping=2").await;
    until_running("pong_ping", 2, 20).await;
}

/// Scales the ping players to 4, to the letter of the README, and to 1.
pub(crate) async fn service(stage: &mut Stage, service: &str) {
    stage
        .play(&format!("docker service scale {service}=4"), STEADY, async |scene| {
            let command = format!("docker service scale {service}=4");
            let (spread, shown) = {
                // The command watches for some seconds longer than it takes.
                let seen = join(spread(scene), shown(NODES[0], &NEW));
                let (seen, command) = (pin!(seen), pin!(shell(&command)));
                match select(seen, command).await {
                    Either::Left((seen, _)) => seen,
                    Either::Right((_, seen)) => seen.await,
                }
            };
            let (least, most) = (spread.values().min().copied(), spread.values().max().copied());
            let (least, most) = (least.unwrap_or_default(), most.unwrap_or_default());
            for task in NEW {
                plays_in_time(scene, task, shown.get(task).copied());
            }
            scene.note(format!("strokes in {} s: {spread:?}", SPREAD.as_secs()));
            let evenly = (most - least) * 100 <= APART * most;
            scene.check(evenly, format!("not spread evenly: {spread:?}"));
            Excuse::default()
        })
        .await;
    stage
        .play(&format!("docker service scale {service}=1"), STEADY, async |scene| {
            shell(&format!("docker service scale --detach {service}=1")).await;
            until_running(service, 1, 20).await;
            let ended = async || {
                let stopped = scene.events("ping.", "die");
                stopped.len() == 3
            };
            until("three players have ended", 20, ended).await;
            Excuse::default()
        })
        .await;
}

/// Waits until four players play, and counts their strokes for a while.
async fn spread(scene: &Scene) -> BTreeMap<String, usize> {
    until("four ping players play", 30, async || strokes(scene, scene.begun).len() == 4).await;
    let from = SystemTime::now() + ALL_KNOW;
    until("a while", 10, async || from.elapsed().is_ok_and(|time| time > SPREAD)).await;
    strokes(scene, from)
}

/// The strokes of each ping player since.
fn strokes(scene: &Scene, since: SystemTime) -> BTreeMap<String, usize> {
    let mut strokes = BTreeMap::new();
    for record in scene.load.records().iter().filter(|record| record.asked >= since) {
        for stroke in record.came.iter().flat_map(|played| &played.strokes) {
            if stroke.player.starts_with("ping.") {
                *strokes.entry(stroke.player.clone()).or_insert(0) += 1;
            }
        }
    }
    strokes
}

/// Checks how long a new task was healthy before it played, and before the page showed it.
fn plays_in_time(scene: &mut Scene, task: &str, shown: Option<SystemTime>) {
    let healthy = scene.events(task, "health_status: healthy").first().map(|event| event.at);
    let (Some(healthy), Some(first), Some(shown)) = (healthy, first_stroke(scene, task), shown)
    else {
        scene
            .check(false, format!("{task} never was healthy, or never played, or was never shown"));
        return;
    };
    let [plays, shows] = [first, shown].map(|at| age(at, healthy));
    scene.note(format!(
        "{task} played {} ms after it was healthy, and the page showed its share after {} ms",
        plays.as_millis(),
        shows.as_millis()
    ));
    scene.check(plays <= PLAYS_WITHIN, format!("{task} played {plays:?} after it was healthy"));
    scene.check(shows <= SHOWN_WITHIN, format!("the page showed {task} only after {shows:?}"));
}

/// When a task's first stroke was told.
fn first_stroke(scene: &Scene, task: &str) -> Option<SystemTime> {
    let records = scene.load.records();
    let by = |player: &str| player.split('@').next() == Some(task);
    let played = records.iter().filter(|record| {
        let mut strokes = record.came.iter().flat_map(|played| &played.strokes);
        strokes.any(|stroke| by(&stroke.player))
    });
    played.map(|record| record.ended()).min()
}
