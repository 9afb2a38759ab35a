//! A side without players: clients get 503 with the reason, and rallies resume by themselves.

use std::time::{Duration, SystemTime};

use crate::load::{CLIENTS, Record, STEADY};
use crate::response::Failure;
use crate::scenario::{Allowance, Scenario, TestRun, age};
use crate::swarm::{shell, until_running};
use crate::wait::until;

/// How soon all managers play again after the first player has become healthy.
const PLAYS_WITHIN: Duration = Duration::from_secs(2);

/// For how long after that no request may be refused.
const OBSERVED: Duration = Duration::from_secs(1);

pub(crate) async fn of_ping(run: &mut TestRun) {
    run.play("pong_ping=0, and back to 2", STEADY, async |scenario| {
        shell("docker service scale --detach pong_ping=0").await;
        until_running("pong_ping", 0, 20).await;
        let gone = SystemTime::now();
        until("every client is refused", 20, async || {
            let records = scenario.load.records();
            let since = records.iter().filter(|record| record.requested >= gone);
            since.filter(|record| is_refused(record)).count() > 3 * CLIENTS
                && records.iter().rev().take(CLIENTS).all(is_refused)
        })
        .await;
        shell("docker service scale --detach pong_ping=2").await;
        until_running("pong_ping", 2, 20).await;
        let healthy = first_healthy(scenario).expect("two players are healthy");
        until("managers had enough time", 20, async || {
            healthy.elapsed().is_ok_and(|time| time >= PLAYS_WITHIN + OBSERVED)
        })
        .await;
        check_resumption(scenario, healthy);
        Allowance { no_players: true, ..Allowance::default() }
    })
    .await;
}

fn is_refused(record: &Record) -> bool {
    matches!(&record.result, Err(Failure::Refused(_)))
}

fn first_healthy(scenario: &Scenario) -> Option<SystemTime> {
    scenario.events("ping.", "health_status: healthy").first().map(|event| event.at)
}

fn check_resumption(scenario: &mut Scenario, healthy: SystemTime) {
    let records = scenario.load.records();
    let refused = records.iter().filter(|record| is_refused(record));
    let last = refused.max_by_key(|record| record.ended());
    let last = last.map(|last| (last.ended(), last.result.as_ref().err().map(ToString::to_string)));
    let again =
        records.iter().filter(|record| record.result.is_ok() && record.requested >= healthy);
    let first = again.map(Record::ended).min();
    drop(records);
    let (Some((last, Some(reason))), Some(first)) = (last, first) else {
        return scenario.check(false, "no request was refused, or no rally played".to_owned());
    };
    let late = age(last, healthy);
    let first = age(first, healthy).as_millis();
    scenario.note(format!("rallies resumed {first} ms after the first player was healthy"));
    scenario.note(format!("the last request was refused {} ms after: {reason}", late.as_millis()));
    scenario.check(late <= PLAYS_WITHIN, format!("a request was refused even after {late:?}"));
}
