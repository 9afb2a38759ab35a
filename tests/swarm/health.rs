//! The healthcheck: a busy service stays healthy, and one that is frozen is replaced, while callers
//! find out much earlier and lose no rally.

use std::time::{Duration, SystemTime};

use futures_util::future::join_all;

use crate::kill::{signal, until_replaced};
use crate::load::STEADY;
use crate::scenario::{Allowance, TestRun, age};
use crate::swarm::running;
use crate::wait::until;

/// How soon a frozen task must be replaced, in seconds: 90 until its next check, 20 until that fails,
/// and 10 until it is killed.
const REPLACED_WITHIN: u64 = 130;

/// How long clients send requests as fast as they can.
const BUSY: Duration = Duration::from_secs(8);

/// The pause of clients that send requests as fast as they can.
const FLAT_OUT: Duration = Duration::from_millis(1);

/// The services that are frozen, and how many tasks each has. Managers first, without players: a rally
/// that waits for a frozen player has already been answered in part, and would be lost with its manager.
const SERVICES: [[(&str, usize); 2]; 2] =
    [[("pong_manager", 2), ("pong_proxy", 3)], [("pong_ping", 2), ("pong_pong", 2)]];

pub(crate) async fn under_load_and_when_frozen(run: &mut TestRun) {
    run.play("healthchecks under full load", FLAT_OUT, async |scenario| {
        let started = scenario.started;
        until("the time is over", 30, async || started.elapsed().is_ok_and(|time| time >= BUSY))
            .await;
        Allowance::default()
    })
    .await;
    run.play("one of each kind frozen (SIGSTOP)", STEADY, async |scenario| {
        let mut killed = Vec::new();
        for services in SERVICES {
            let frozen = SystemTime::now();
            let freeze = join_all(services.map(|(service, _)| freeze(service))).await;
            killed.extend(freeze);
            let replaced = services.map(async |(service, count)| {
                until_replaced(service, count, &killed, REPLACED_WITHIN).await;
                (service, age(SystemTime::now(), frozen).as_secs_f64())
            });
            for (service, seconds) in join_all(replaced).await {
                scenario.note(format!("{service}: replaced {seconds:.1} s after it froze"));
            }
        }
        until("the frozen tasks have ended", 30, async || {
            let ended = scenario.events("", "die");
            killed.iter().all(|id| ended.iter().any(|event| event.container == *id))
        })
        .await;
        let unhealthy = scenario.events("", "health_status: unhealthy").len();
        let fault = format!("{unhealthy} of {} became unhealthy", killed.len());
        scenario.check(unhealthy == killed.len(), fault);
        Allowance { killed, ..Allowance::default() }
    })
    .await;
}

/// Freezes the oldest task of a service; returns its container.
async fn freeze(service: &str) -> String {
    let victim = running(service).await.swap_remove(0);
    signal(&victim, "STOP").await;
    victim.container
}
