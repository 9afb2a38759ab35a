//! The healthcheck: never unhealthy for being busy, soon unhealthy for being frozen.

use std::time::{Duration, SystemTime};

use crate::kill::{replaced, signal};
use crate::load::STEADY;
use crate::stage::{Excuse, Stage, age};
use crate::swarm::{running, until};

/// How soon a frozen service must be found out.
const FOUND_WITHIN: Duration = Duration::from_secs(5);

/// How long clients ask as fast as they can.
const BUSY: Duration = Duration::from_secs(8);

/// The pause of clients that leave the machine none.
const FLAT_OUT: Duration = Duration::from_millis(1);

pub(crate) async fn of_the_frozen_and_the_busy(stage: &mut Stage) {
    stage
        .play("healthchecks while clients ask flat out", FLAT_OUT, async |scene| {
            let begun = scene.begun;
            until("long enough", 30, async || begun.elapsed().is_ok_and(|time| time >= BUSY)).await;
            Excuse::default()
        })
        .await;
    stage
        .play("one of each kind frozen (SIGSTOP)", STEADY, async |scene| {
            let kinds =
                [("pong_ping", 2), ("pong_pong", 2), ("pong_manager", 2), ("pong_proxy", 3)];
            let mut frozen = Vec::new();
            // A manager first, alone: a rally that waits for a frozen player is being told already,
            // and goes with its manager.
            for kinds in [&kinds[2..], &kinds[..2]] {
                for (service, _) in kinds {
                    let victim = running(service).await.swap_remove(0);
                    signal(&victim, "STOP").await;
                    frozen.push((victim.container, SystemTime::now()));
                }
                until("the frozen have been found out", 20, async || {
                    let found = scene.events("", "health_status: unhealthy");
                    frozen.iter().all(|(id, _)| found.iter().any(|event| event.container == *id))
                })
                .await;
            }
            let killed: Vec<String> = frozen.iter().map(|(id, _)| id.clone()).collect();
            for (service, count) in kinds {
                replaced(service, count, &killed).await;
            }
            until("the frozen have been ended", 30, async || {
                let ended = scene.events("", "die");
                killed.iter().all(|id| ended.iter().any(|event| event.container == *id))
            })
            .await;
            for event in scene.events("", "health_status: unhealthy") {
                let Some((_, when)) = frozen.iter().find(|(id, _)| *id == event.container) else {
                    continue;
                };
                let found = age(event.at, *when);
                let seconds = found.as_secs_f64();
                scene.note(format!("{}: unhealthy {seconds:.1} s after it froze", event.task));
                let slow = format!("{} was found only after {seconds:.1} s", event.task);
                scene.check(found <= FOUND_WITHIN, slow);
            }
            let found = scene.events("", "health_status: unhealthy").len();
            scene.check(found == frozen.len(), format!("{found} of {} found", frozen.len()));
            Excuse { killed, ..Excuse::default() }
        })
        .await;
}
