//! What a manager publishes of its counters: their changes, and once more at the end.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use game::Score;
use protocol::event::{PlayerCounters, PlayerUpdate};
use protocol::timing::{DRAIN_END, LAST_RALLIES};
use server::feed::render;
use tokio::time::{sleep, timeout};

use crate::state::Manager;

/// The least time between two `score` events: what a manager that is killed takes with it.
const SCORE_INTERVAL: Duration = Duration::from_millis(50);

/// How soon a new player is published.
const NEW_PLAYER_DELAY: Duration = Duration::from_millis(200);

/// The time between two `players` events while no player is new.
const PLAYERS_INTERVAL: Duration = Duration::from_millis(600);

/// The time between two looks at players that are no longer asked, while nobody plays.
const FORGET_INTERVAL: Duration = Duration::from_secs(10);

/// Publishes counters until the manager has stopped and its last rally has ended, so that no rally
/// it counted is lost with it; then ends the feed.
pub(crate) async fn run(manager: Arc<Manager>) {
    let mut published = manager.metrics.score();
    tokio::select! {
        () = publish_score_changes(&manager, &mut published) => {}
        () = publish_player_changes(&manager) => {}
        () = last_rally_ended(&manager) => {}
    }
    publish_players(&manager);
    publish_score(&manager, &mut published);
    manager.feed.end();
}

async fn publish_score_changes(manager: &Manager, published: &mut Score) {
    loop {
        manager.metrics.score_changed().await;
        publish_score(manager, published);
        sleep(SCORE_INTERVAL).await;
    }
}

async fn publish_player_changes(manager: &Manager) {
    loop {
        publish_players(manager);
        sleep(NEW_PLAYER_DELAY).await;
        // Out of time: the counters of known players are due.
        let _ = timeout(PLAYERS_INTERVAL - NEW_PLAYER_DELAY, manager.stats.added()).await;
        let _ = timeout(FORGET_INTERVAL, manager.stats.changed()).await;
    }
}

/// Waits for shutdown and then for the rallies in flight, at most for [`LAST_RALLIES`].
async fn last_rally_ended(manager: &Manager) {
    manager.shutdown.cancelled().await;
    sleep(DRAIN_END).await;
    // New rallies are refused from then on; proxies will try another manager. Out of time: the last
    // counters are due.
    let _ = timeout(LAST_RALLIES, manager.in_flight.close_when_empty()).await;
}

/// Publishes the score if it is not the one that was published last.
fn publish_score(manager: &Manager, published: &mut Score) {
    let score = manager.score();
    if score.score != *published {
        *published = score.score;
        manager.feed.publish("score", &score);
    }
}

/// Publishes the counters of players that have changed.
fn publish_players(manager: &Manager) {
    for players in manager.stats.take_changed().chunks(PlayerUpdate::MAX_PLAYERS) {
        manager.feed.publish("players", &player_update(manager, players));
    }
}

fn player_update(manager: &Manager, players: &[PlayerCounters]) -> PlayerUpdate {
    PlayerUpdate { manager: manager.task.clone(), players: players.to_vec() }
}

/// Renders all counters, with which a subscriber's stream begins.
pub(crate) fn snapshot(manager: &Manager) -> Bytes {
    let players = manager.stats.all();
    let updates = players.chunks(PlayerUpdate::MAX_PLAYERS);
    let mut events: Vec<Bytes> =
        updates.map(|players| render("players", &player_update(manager, players))).collect();
    events.push(render("score", &manager.score()));
    events.concat().into()
}
