//! A side without players: clients are told so, and play resumes by itself.

use std::time::{Duration, SystemTime};

use crate::answer::Trouble;
use crate::load::{CLIENTS, Record, STEADY};
use crate::stage::{Excuse, Scene, Stage, age};
use crate::swarm::{shell, until, until_running};

/// How soon there are rallies again after the first player's healthcheck has passed.
const PLAYS_WITHIN: Duration = Duration::from_secs(2);

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
            until("rallies again", 10, async || first_rally(scene, gone).is_some()).await;
            resumes_in_time(scene, gone);
            Excuse { nobody: true, ..Excuse::default() }
        })
        .await;
}

fn told(record: &Record) -> bool {
    matches!(&record.came, Err(Trouble::Refused(_)))
}

fn first_rally(scene: &Scene, since: SystemTime) -> Option<SystemTime> {
    let records = scene.load.records();
    let good = records.iter().filter(|record| record.asked >= since && record.came.is_ok());
    good.map(Record::ended).min()
}

fn resumes_in_time(scene: &mut Scene, gone: SystemTime) {
    let healthy = scene.events("ping.", "health_status: healthy").first().map(|event| event.at);
    let (Some(healthy), Some(first)) = (healthy, first_rally(scene, gone)) else {
        scene.check(false, "no player became healthy, or none played".to_owned());
        return;
    };
    let wait = age(first, healthy);
    scene.note(format!("rallies again {} ms after the first player was healthy", wait.as_millis()));
    scene.check(wait <= PLAYS_WITHIN, format!("rallies again only after {wait:?}"));
    let records = scene.load.records();
    let reason = records.iter().find(|record| told(record)).map(|record| &record.came);
    if let Some(Err(Trouble::Refused(reason))) = reason {
        let reason = reason.clone();
        drop(records);
        scene.note(format!("clients were told: {reason}"));
    }
}
