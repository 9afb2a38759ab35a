//! What a manager tells its subscribers about its counters: as they change, and once more at the end.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use court::event::{Met, Players};
use court::feed::render;
use court::serve::LAST_CALL;
use tokio::time::{interval, sleep, timeout};

use crate::service::Manager;

/// The least time between two `score` events.
const SCORE_EVERY: Duration = Duration::from_millis(200);

/// How many times as rare `players` events are, unless a player is new.
const PLAYERS_EVERY: u32 = 3;

/// How long the rallies in flight may take to end after the last call; most of what serving them
/// allows, so that the end is told before connections are cut.
const LAST_RALLIES: Duration = Duration::from_millis(2500);

/// Publishes counters until the manager stops and its last rally is over, so that no rally it
/// counted is lost with it.
pub(crate) async fn counters(manager: Arc<Manager>) {
    let mut told = manager.counts.score();
    let mut tell = |manager: &Manager| {
        let counted = manager.counted();
        if counted.score != told {
            told = counted.score;
            manager.feed.publish("score", &counted);
        }
    };
    let changing = async {
        let mut beat = interval(SCORE_EVERY);
        for n in 0_u32.. {
            beat.tick().await;
            tell(&manager);
            if n.is_multiple_of(PLAYERS_EVERY) || manager.players.has_newcomer() {
                changed_players(&manager);
            }
        }
    };
    tokio::select! {
        () = changing => {}
        () = last_rally_over(&manager) => {}
    }
    changed_players(&manager);
    tell(&manager);
    manager.feed.end();
}

async fn last_rally_over(manager: &Manager) {
    manager.stop.cancelled().await;
    sleep(LAST_CALL).await;
    let places = manager.places.acquire_many(manager.options.limit);
    if let Ok(Ok(_)) = timeout(LAST_RALLIES, places).await {
        // Whoever still comes is better served by another manager.
        manager.places.close();
    }
}

fn changed_players(manager: &Manager) {
    for players in manager.players.changed().chunks(Players::MOST) {
        manager.feed.publish("players", &self::players(manager, players));
    }
}

fn players(manager: &Manager, players: &[Met]) -> Players {
    Players { manager: manager.me.clone(), players: players.to_vec() }
}

/// Renders all counters, for the beginning of a subscriber's stream.
pub(crate) fn all(manager: &Manager) -> Bytes {
    let met = manager.players.all();
    let mut events: Vec<Bytes> =
        met.chunks(Players::MOST).map(|met| render("players", &players(manager, met))).collect();
    events.push(render("score", &manager.counted()));
    events.concat().into()
}
