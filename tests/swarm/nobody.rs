//! A side without players: clients are told so, and play resumes by itself.

use std::time::{Duration, SystemTime};

use crate::answer::Trouble;
use crate::load::{CLIENTS, Record, STEADY};
use crate::stage::{Excuse, Scene, Stage, age};
use crate::swarm::{shell, until, until_running};

/// How soon all managers play again after the first player's healthcheck has passed.
const PLAYS_WITHIN: Duration = Duration::from_secs(2);

/// How long nobody may be told of missing players after that.
const LISTENED: Duration = Duration::from_secs(1);

pub(crate) async fn serves(stage: &mut Stage) {
    stage
        .play("pong_ping=0, and back to 2", STEADY, async |scene| {
            shell("docker service scale --detach pong_ping=0").await;
            until_running("pong_ping", 0, 20).await;
            let gone = SystemTime::now();
            until("every client is told", 20, async || {
                let records = scene.load.records();
                let since = records.iter().filter(|record| record.asked >= gone);
                since.filter(|record| told(record)).count() > 3 * CLIENTS
                    && records.iter().rev().take(CLIENTS).all(told)
            })
            .await;
            shell("docker service scale --detach pong_ping=2").await;
            until_running("pong_ping", 2, 20).await;
            let healthy = first_healthy(scene).expect("two players are healthy");
            let enough = PLAYS_WITHIN + LISTENED;
            until("managers had their time", 20, async || {
                healthy.elapsed().is_ok_and(|time| time >= enough)
            })
            .await;
            resumes_in_time(scene, healthy);
            Excuse { nobody: true, ..Excuse::default() }
        })
        .await;
}

fn told(record: &Record) -> bool {
    matches!(&record.came, Err(Trouble::Refused(_)))
}

fn first_healthy(scene: &Scene) -> Option<SystemTime> {
    scene.events("ping.", "health_status: healthy").first().map(|event| event.at)
}

fn resumes_in_time(scene: &mut Scene, healthy: SystemTime) {
    let records = scene.load.records();
    let refusals = records.iter().filter(|record| told(record));
    let last = refusals.max_by_key(|record| record.ended());
    let last = last.map(|last| (last.ended(), last.came.as_ref().err().map(ToString::to_string)));
    let again = records.iter().filter(|record| record.came.is_ok() && record.asked >= healthy);
    let first = again.map(Record::ended).min();
    drop(records);
    let (Some((last, Some(reason))), Some(first)) = (last, first) else {
        return scene.check(false, "nobody was told, or nobody played".to_owned());
    };
    let ms = |then| age(then, healthy).as_millis();
    scene.note(format!("rallies again {} ms after the first player was healthy", ms(first)));
    scene.note(format!("the last client was told {} ms after: {reason}", ms(last)));
    let late = age(last, healthy);
    scene.check(late <= PLAYS_WITHIN, format!("a client was told even after {late:?}"));
}
