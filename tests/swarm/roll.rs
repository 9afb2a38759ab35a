//! Rolling updates to a second release and back; each response names the release that made it.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use crate::load::{Record, STEADY};
use crate::scenario::{Allowance, Scenario, TestRun, age};
use crate::swarm::{NODES, running, shell};
use crate::wait::until;

/// The services whose rolling update affects no client, and the scoreboard, which no rally passes:
/// its score must survive the update.
const BEHIND_THE_PROXY: [&str; 4] = ["scoreboard", "ping", "pong", "manager"];

/// The service whose tasks own their nodes' ports.
const PROXY: &str = "proxy";

/// How soon all tasks must be of the new release, in seconds.
const ROLLED_WITHIN: u64 = 60;

/// An update is complete when the responses of this long are of one release.
const SETTLED: Duration = Duration::from_millis(500);

/// A change of the release.
#[derive(Clone, Copy)]
struct Change {
    command: &'static str,
    from: &'static str,
    to: &'static str,
}

pub(crate) async fn there_and_back(run: &mut TestRun) {
    within(run, STEADY, ROLLED_WITHIN).await;
}

/// Updates and rolls back, each within so many seconds, while clients pause between their requests.
pub(crate) async fn within(run: &mut TestRun, pause: Duration, seconds: u64) {
    let all = [&BEHIND_THE_PROXY[..], &[PROXY]].concat();
    let update = Change { command: "update --image swarm-pong:2", from: "1", to: "2" };
    let rollback = Change { command: "rollback", from: "2", to: "1" };
    roll(
        run,
        (pause, seconds),
        "service update --image: ping, pong, manager",
        update,
        &BEHIND_THE_PROXY,
    )
    .await;
    roll(run, (pause, seconds), "service update --image: proxy", update, &[PROXY]).await;
    roll(run, (pause, seconds), "service rollback: all of them at once", rollback, &all).await;
}

async fn roll(
    run: &mut TestRun,
    (pause, seconds): (Duration, u64),
    name: &str,
    change: Change,
    services: &[&str],
) {
    run.play(name, pause, async |scenario| {
        for service in services {
            shell(&format!("docker service {} --detach pong_{service}", change.command)).await;
        }
        for service in services {
            until_rolled(scenario, service, change.to, seconds).await;
        }
        for service in services.iter().filter(|service| is_in_responses(service)) {
            check_overlap(scenario, service, change);
        }
        if !services.contains(&PROXY) {
            return Allowance::default();
        }
        check_that_ports_closed_one_by_one(scenario);
        Allowance { closed: NODES.to_vec(), ..Allowance::default() }
    })
    .await;
}

/// Returns whether responses name the service's release.
fn is_in_responses(service: &str) -> bool {
    service != "scoreboard"
}

/// Waits until all tasks, and all responses that name it, are of a release.
async fn until_rolled(scenario: &Scenario, service: &str, release: &str, seconds: u64) {
    until(&format!("{service} is of release {release}"), seconds, async || {
        tasks_are_of(service, release).await
            && (!is_in_responses(service) || responses_are_of(scenario, service, release))
    })
    .await;
}

/// Returns whether all the latest responses are of a release.
fn responses_are_of(scenario: &Scenario, service: &str, release: &str) -> bool {
    let since = SystemTime::now() - SETTLED;
    let records = scenario.load.records();
    let recent = records.iter().filter(|record| record.requested >= since);
    let seen: BTreeSet<&str> = recent.flat_map(|record| releases(record, service)).collect();
    seen.into_iter().eq([release])
}

/// Returns whether all tasks of a service run with the image of a release.
async fn tasks_are_of(service: &str, release: &str) -> bool {
    let tasks = running(&format!("pong_{service}")).await;
    let image = format!("swarm-pong:{release}");
    let count = if service == PROXY { NODES.len() } else { 2 };
    tasks.len() == count && tasks.iter().all(|task| task.image == image)
}

/// Returns the releases of a service that a response names.
fn releases<'a>(record: &'a Record, service: &str) -> Vec<&'a str> {
    let Ok(rally) = &record.result else { return Vec::new() };
    match service {
        "manager" => vec![&rally.manager_release],
        "proxy" => vec![&rally.proxy_release],
        _ => {
            let strokes = rally.strokes.iter().filter(|stroke| stroke.side.name() == service);
            strokes.filter_map(|stroke| stroke.release.as_deref()).collect()
        }
    }
}

/// Checks that the new release responded before the old one had stopped to.
fn check_overlap(scenario: &mut Scenario, service: &str, change: Change) {
    let Change { from, to, .. } = change;
    let times = |release: &str| -> Vec<SystemTime> {
        let records = scenario.load.records();
        let of_release =
            records.iter().filter(|record| releases(record, service).contains(&release));
        of_release.map(Record::ended).collect()
    };
    let old = times(from).into_iter().max();
    let new = times(to).into_iter().min();
    let overlap = old.zip(new).is_some_and(|(old, new)| new < old);
    let seconds = |time: Option<SystemTime>| {
        age(time.unwrap_or(scenario.started), scenario.started).as_secs_f64()
    };
    let first = seconds(new);
    let last = seconds(old);
    scenario.note(format!(
        "{service}: first response of release {to} after {first:.1} s, last of {from} after {last:.1} s"
    ));
    scenario.check(overlap, format!("{service}: the two releases never ran at the same time"));
}

/// Checks that never more than one node's port was closed, and notes for how long.
fn check_that_ports_closed_one_by_one(scenario: &mut Scenario) {
    let mut closed = Vec::new();
    for node in NODES {
        // Some requests are rejected while others still get a rally: all that is one closing.
        let gaps = scenario.gaps(node);
        let (Some(first), Some(last)) = (gaps.first(), gaps.last()) else {
            scenario.check(false, format!("the port of {node} was never closed"));
            continue;
        };
        closed.push((first.0, last.1));
        let seconds = age(last.1, first.0).as_secs_f64();
        scenario.note(format!("the port of {node} was closed for {seconds:.2} s"));
    }
    closed.sort();
    let apart = closed.windows(2).all(|two| two[0].1 <= two[1].0);
    scenario.check(apart, "two nodes' ports were closed at the same time".to_owned());
}
