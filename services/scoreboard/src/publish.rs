//! What browsers get: a snapshot when they subscribe, then what changes, a few times a second.
//!
//! An update is rendered once for all of them. Under any load there is no more than one in 125 ms,
//! and each has the newest of everything and the strokes whose beat has begun.

use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpResponse;
use parking_lot::{Mutex, MutexGuard};
use protocol::snapshot::Update;
use protocol::timing::{HEARTBEAT, REST_INTERVAL};
use serde::Serialize;
use server::feed::{Feed, LagPolicy, render};
use server::identity::Identity;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::snapshot::{Published, REFRESH_INTERVAL};
use crate::state::State;

/// The least time between two updates: eight a second, and shorter than the beat of a stroke.
const MIN_INTERVAL: Duration = Duration::from_millis(125);

/// The time after which sections are refreshed while nobody is watching and nothing happens: so the
/// timeline has when something was seen to break. What is asked every [`REST_INTERVAL`] happens earlier.
const UNWATCHED_INTERVAL: Duration = REST_INTERVAL.saturating_add(REFRESH_INTERVAL);

/// How many updates a subscriber may be behind before it is disconnected: two seconds, or half a
/// minute with nothing but signs of life. It reconnects and starts from a snapshot.
const BACKLOG_EVENTS: usize = 16;

/// The publisher of the cluster state.
pub(crate) struct Publisher {
    state: Arc<State>,
    published: Mutex<Published>,
    feed: Feed,
}

/// Publishes changes until shutdown, then ends all subscriptions.
pub(crate) async fn run(publisher: Arc<Publisher>, shutdown: CancellationToken) {
    let publishing = async {
        loop {
            publisher.wait().await;
            publisher.publish_changes();
        }
    };
    shutdown.run_until_cancelled(publishing).await;
    publisher.feed.end();
}

impl Publisher {
    /// Makes the publisher of a scoreboard's state.
    pub(crate) fn new(identity: &Identity, state: Arc<State>) -> Self {
        let published = state.collect(|cluster| Published::new(identity, cluster));
        let feed = Feed::new(BACKLOG_EVENTS, LagPolicy::Disconnect);
        Self { state, published: Mutex::new(published), feed }
    }

    /// Waits until the state has changed or sections are due, and the next update may be published.
    async fn wait(&self) {
        let is_watched = self.feed.subscribers() > 0;
        let interval = if is_watched { REFRESH_INTERVAL } else { UNWATCHED_INTERVAL };
        let refresh_at = self.published.lock().refreshed_at + interval;
        tokio::select! {
            () = self.state.changed() => {}
            () = sleep_until(refresh_at) => {}
        }
        let published_at = self.published.lock().published_at;
        sleep_until(published_at + MIN_INTERVAL).await;
    }

    /// Publishes what has changed, or an empty update if nothing has for a while.
    fn publish_changes(&self) {
        // Held until the update is sent, so that a new subscriber misses nothing in between.
        self.publish(&mut self.published.lock());
    }

    fn publish(&self, published: &mut Published) {
        let is_watched = self.feed.subscribers() > 0;
        let update = self.state.collect(|cluster| published.apply(cluster, is_watched));
        // While nobody is watching, each look counts, so that there are no more than with a page.
        let is_due = published.published_at.elapsed() >= HEARTBEAT;
        if !is_watched || is_due || update != Update::default() {
            self.feed.publish("update", &update);
            published.published_at = Instant::now();
        }
    }

    /// Returns what was published last, at most half a second old.
    fn current(&self) -> MutexGuard<'_, Published> {
        let mut published = self.published.lock();
        if published.refreshed_at.elapsed() >= REFRESH_INTERVAL {
            self.publish(&mut published);
        }
        published
    }

    /// Responds with a snapshot, and then the updates.
    pub(crate) fn subscribe(&self) -> HttpResponse {
        let published = self.current();
        self.feed.respond(render("snapshot", &published.snapshot), |_| true)
    }

    /// Returns how many subscribers there are.
    pub(crate) fn subscribers(&self) -> usize {
        self.feed.subscribers()
    }

    /// Renders everything except the rallies, at most half a second old.
    pub(crate) fn score(&self) -> String {
        let mut snapshot = self.current().snapshot.clone();
        snapshot.rallies.clear();
        json(&snapshot)
    }

    /// Renders the health of all paths, at most half a second old.
    pub(crate) fn paths(&self) -> String {
        json(&self.current().paths)
    }

    /// Renders what happened, at most half a second old.
    pub(crate) fn timeline(&self) -> String {
        json(&self.current().timeline)
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("snapshots are plain structures")
}

#[cfg(test)]
mod tests;
