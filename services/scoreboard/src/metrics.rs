//! The metrics of a scoreboard.

use std::sync::Arc;

use server::metrics::{Metrics, ScoreNames};

use crate::publish::Publisher;
use crate::state::State;

/// The names of the score of all managers.
const SCORE: ScoreNames = ScoreNames {
    rallies: "score_rallies",
    strokes: "score_strokes",
    longest: "score_longest_rally_strokes",
};

/// Registers the score, and how many subscribers, feeds and manager instances there are.
pub(crate) fn register(metrics: &mut Metrics, state: &Arc<State>, publisher: &Arc<Publisher>) {
    let cluster = Arc::clone(state);
    metrics.score(SCORE, move || cluster.read(|cluster| cluster.scores.total()));
    let publisher = Arc::clone(publisher);
    metrics.gauge("scoreboard_subscribers", "Open pages and other readers of /events", move || {
        publisher.subscribers()
    });
    let cluster = Arc::clone(state);
    metrics.gauge("scoreboard_feeds_connected", "Managers whose feed is connected", move || {
        cluster.read(|cluster| cluster.feeds())
    });
    let cluster = Arc::clone(state);
    let help = "Manager instances that the score is the sum of";
    metrics.gauge("scoreboard_manager_instances", help, move || {
        cluster.read(|cluster| cluster.scores.len())
    });
}
