//! The healthcheck: a busy service stays healthy, a frozen one soon becomes unhealthy.

use std::time::{Duration, SystemTime};

use crate::kill::{signal, until_replaced};
use crate::load::STEADY;
use crate::scenario::{Allowance, TestRun, age};
use crate::swarm::{running, until};

/// How soon a frozen service must be detected.
const DETECTED_WITHIN: Duration = Duration::from_secs(5);

/// How long clients send requests as fast as they can.
const BUSY: Duration = Duration::from_secs(8);

/// The pause of clients that send requests as fast as they can.
const FLAT_OUT: Duration = Duration::from_millis(1);

/// The services that are frozen, and how many tasks each has.
const SERVICES: [(&str, usize); 4] =
    [("pong_ping", 2), ("pong_pong", 2), ("pong_manager", 2), ("pong_proxy", 3)];

pub(crate) async fn under_load_and_when_frozen(run: &mut TestRun) {
    run.play("healthchecks under full load", FLAT_OUT, async |scenario| {
        let started = scenario.started;
        until("the time is over", 30, async || started.elapsed().is_ok_and(|time| time >= BUSY))
            .await;
        Allowance::default()
    })
    .await;
    run.play("one of each kind frozen (SIGSTOP)", STEADY, async |scenario| {
        let mut frozen = Vec::new();
        // Managers first, without players: a rally that waits for a frozen player has already been
        // answered in part, and would be lost with its manager.
        for services in [&SERVICES[2..], &SERVICES[..2]] {
            for (service, _) in services {
                let victim = running(service).await.swap_remove(0);
                signal(&victim, "STOP").await;
                frozen.push((victim.container, SystemTime::now()));
            }
            until("the frozen tasks are unhealthy", 20, async || {
                let unhealthy = scenario.events("", "health_status: unhealthy");
                frozen.iter().all(|(id, _)| unhealthy.iter().any(|event| event.container == *id))
            })
            .await;
        }
        let killed: Vec<String> = frozen.iter().map(|(id, _)| id.clone()).collect();
        for (service, count) in SERVICES {
            until_replaced(service, count, &killed).await;
        }
        until("the frozen tasks have ended", 30, async || {
            let ended = scenario.events("", "die");
            killed.iter().all(|id| ended.iter().any(|event| event.container == *id))
        })
        .await;
        let unhealthy = scenario.events("", "health_status: unhealthy");
        for event in &unhealthy {
            let Some((_, when)) = frozen.iter().find(|(id, _)| *id == event.container) else {
                continue;
            };
            let detected = age(event.at, *when);
            let seconds = detected.as_secs_f64();
            scenario.note(format!("{}: unhealthy {seconds:.1} s after it froze", event.task));
            let fault = format!("{} became unhealthy only after {seconds:.1} s", event.task);
            scenario.check(detected <= DETECTED_WITHIN, fault);
        }
        let fault = format!("{} of {} became unhealthy", unhealthy.len(), frozen.len());
        scenario.check(unhealthy.len() == frozen.len(), fault);
        Allowance { killed, ..Allowance::default() }
    })
    .await;
}
