//! The metrics of a scoreboard.

use std::sync::Arc;

use protocol::node_trouble::TroubledNode;
use server::metrics::{Labels, Metrics, ScoreNames, node_labels};

use crate::publish::Publisher;
use crate::state::State;

/// The names of the score of all managers.
const SCORE: ScoreNames = ScoreNames {
    rallies: "score_rallies",
    strokes: "score_strokes",
    longest: "score_longest_rally_strokes",
};

/// Maximum number of nodes in trouble that have a series.
const MAX_NODES: usize = 32;

/// Registers the score, how many subscribers, feeds and manager instances there are, and the nodes in
/// trouble.
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
    let cluster = Arc::clone(state);
    let help = "Nodes of whose paths not everything is known, by trouble: 1 while it lasts";
    metrics.flags("node_trouble", help, move || {
        cluster.read(|cluster| cluster.last_troubles().iter().take(MAX_NODES).map(labels).collect())
    });
}

fn labels(one: &TroubledNode) -> Labels {
    let mut labels = node_labels("node", "node_id", &one.node);
    labels.push(("trouble", one.trouble.name().to_owned()));
    labels
}
