//! Rolling updates to a second release and back, each answer telling which release it comes from.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime};

use crate::load::{Record, STEADY};
use crate::stage::{Excuse, Scene, Stage, age};
use crate::swarm::{NODES, running, shell, until};

/// The services whose rolling update costs no client anything, and the scoreboard, which no rally
/// passes: what it knows of the score must outlast the roll.
const BEHIND_THE_DOOR: [&str; 4] = ["scoreboard", "ping", "pong", "manager"];

/// The service whose tasks own their nodes' ports.
const DOOR: &str = "proxy";

/// Answers of this long must be of one release before a roll is over.
const SETTLED: Duration = Duration::from_millis(500);

pub(crate) async fn there_and_back(stage: &mut Stage) {
    let all = [&BEHIND_THE_DOOR[..], &[DOOR]].concat();
    let update = ("update --image swarm-pong:2", ["1", "2"]);
    roll(stage, "service update --image: ping, pong, manager", update, &BEHIND_THE_DOOR).await;
    roll(stage, "service update --image: proxy", update, &[DOOR]).await;
    roll(stage, "service rollback: all of them at once", ("rollback", ["2", "1"]), &all).await;
}

async fn roll(
    stage: &mut Stage,
    name: &str,
    (command, [from, to]): (&str, [&str; 2]),
    services: &[&str],
) {
    stage
        .play(name, STEADY, async |scene| {
            for service in services {
                shell(&format!("docker service {command} --detach pong_{service}")).await;
            }
            for service in services {
                rolled(scene, service, to).await;
            }
            for service in services.iter().filter(|service| is_in_answers(service)) {
                tell(scene, service, [from, to]);
            }
            if !services.contains(&DOOR) {
                return Excuse::default();
            }
            doors_closed_one_by_one(scene);
            Excuse { closed: NODES.to_vec(), ..Excuse::default() }
        })
        .await;
}

/// Tells whether answers name the service's release.
fn is_in_answers(service: &str) -> bool {
    service != "scoreboard"
}

/// Waits until all tasks are of the release's image, and all answers that name it too.
async fn rolled(scene: &Scene, service: &str, to: &str) {
    until(&format!("{service} is of release {to}"), 60, async || {
        is_of(service, to).await && (!is_in_answers(service) || answers_are_of(scene, service, to))
    })
    .await;
}

/// Tells whether all the latest answers come from the release.
fn answers_are_of(scene: &Scene, service: &str, release: &str) -> bool {
    let since = SystemTime::now() - SETTLED;
    let records = scene.load.records();
    let recent = records.iter().filter(|record| record.asked >= since);
    let seen: BTreeSet<&str> = recent.flat_map(|record| releases(record, service)).collect();
    seen.into_iter().eq([release])
}

/// Tells whether all tasks of a service run, of the release's image.
async fn is_of(service: &str, release: &str) -> bool {
    let (tasks, image) =
        (running(&format!("pong_{service}")).await, format!("swarm-pong:{release}"));
    let count = if service == DOOR { NODES.len() } else { 2 };
    tasks.len() == count && tasks.iter().all(|task| task.image == image)
}

/// The releases of a service that an answer names.
fn releases<'a>(record: &'a Record, service: &str) -> Vec<&'a str> {
    let Ok(played) = &record.came else { return Vec::new() };
    let [manager, proxy] = &played.releases;
    match service {
        "manager" => vec![manager],
        "proxy" => vec![proxy],
        _ => {
            let strokes = played.strokes.iter().filter(|stroke| stroke.side.name() == service);
            strokes.filter_map(|stroke| stroke.release.as_deref()).collect()
        }
    }
}

/// Tells when the first answer of the new release came and when the last of the old.
fn tell(scene: &mut Scene, service: &str, [from, to]: [&str; 2]) {
    let times = |release: &str| -> Vec<SystemTime> {
        let records = scene.load.records();
        let those = records.iter().filter(|record| releases(record, service).contains(&release));
        those.map(Record::ended).collect()
    };
    let (old, new) = (times(from).into_iter().max(), times(to).into_iter().min());
    let both = old.zip(new).is_some_and(|(old, new)| new < old);
    let seconds =
        |time: Option<SystemTime>| age(time.unwrap_or(scene.begun), scene.begun).as_secs_f64();
    let (first, last) = (seconds(new), seconds(old));
    scene.note(format!(
        "{service}: first answer of release {to} after {first:.1} s, last of {from} after {last:.1} s"
    ));
    scene.check(both, format!("{service}: the two releases never played side by side"));
}

/// Checks that at no time more than one node's port was closed, and tells for how long.
fn doors_closed_one_by_one(scene: &mut Scene) {
    let mut closed = Vec::new();
    for node in NODES {
        // Some are turned away while others still get a rally: all that is one closing.
        let gaps = scene.gaps(node);
        let (Some(first), Some(last)) = (gaps.first(), gaps.last()) else {
            scene.check(false, format!("the port of {node} never was closed"));
            continue;
        };
        closed.push((first.0, last.1));
        let seconds = age(last.1, first.0).as_secs_f64();
        scene.note(format!("the port of {node} was closed for {seconds:.2} s"));
    }
    closed.sort();
    let apart = closed.windows(2).all(|two| two[0].1 <= two[1].0);
    scene.check(apart, "two nodes' ports were closed at once".to_owned());
}
