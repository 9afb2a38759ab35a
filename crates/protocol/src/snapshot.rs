//! What a scoreboard publishes: `/score`, and the events `snapshot` and `update` of its `/events`.
//! Nodes in it are shown by name, those that share one with [as much of the id](crate::node_names) as
//! makes them distinct.

use std::collections::BTreeMap;

use game::{Outcome, Score, Side};
use serde::{Deserialize, Serialize};

use crate::event::RallyResult;
use crate::id::RallyId;
use crate::name::Name;
use crate::node::Node;
use crate::node_trouble::TroubledNode;
use crate::patch::Object;
use crate::path::PathState;
use crate::port::PortSummary;
use crate::probe::ProbeFailure;
use crate::service::Service;
use crate::task::Task;
use crate::timeline::TimelineEntry;
use crate::whoami::WhoAmI;

/// The format of `/score` and `/events`; raised by each change that breaks a reader.
pub const FORMAT: u32 = 4;

/// Everything that the page shows: `/score`, and the event `snapshot` with which `/events` begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// [`FORMAT`].
    pub format: u32,
    /// The version of swarm-pong.
    pub version: Name,
    /// What the scoreboard's build is called.
    pub release: Name,
    /// How long a stroke is shown, in milliseconds.
    pub beat_ms: u64,
    /// The scoreboard that answers.
    pub scoreboard: Task,
    /// The score of all managers.
    pub score: ScoreView,
    /// The services without which nothing can be played and of which no task is there.
    pub missing: Vec<Service>,
    /// All tasks, and those that were there until a moment ago, each under a number of its own.
    pub tasks: BTreeMap<u64, TaskView>,
    /// Who plays how much.
    pub shares: ShareView,
    /// The health of the paths between nodes.
    pub paths: PathMatrix,
    /// The published ports and virtual addresses, if proxies are to check any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ports: Option<PortSummary>,
    /// The nodes of whose paths not everything is known, or whose clocks are off.
    pub troubles: Vec<TroubledNode>,
    /// The nodes that had a task within the last ten minutes and have none.
    pub away: Vec<AwayNode>,
    /// What happened last, the newest first; `/timeline` has more.
    pub timeline: Vec<TimelineEntry>,
    /// The last rallies shown, the newest first; not in `/score`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rallies: Vec<RecentRally>,
}

/// What has changed since the last one: the event `update`. What has not changed is left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Update {
    /// The change of the snapshot, except of `rallies`, as a JSON merge patch (RFC 7396).
    #[serde(skip_serializing_if = "Object::is_empty")]
    pub patch: Object,
    /// Strokes whose beat begins now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub strokes: Vec<ShownStroke>,
    /// Rallies that have been shown, the oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rallies: Vec<RecentRally>,
}

/// The score of all managers and how fast it grows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScoreView {
    /// The counters of all managers added up.
    #[serde(flatten)]
    pub score: Score,
    /// Rallies with a verdict.
    pub rallies: u64,
    /// Answered strokes.
    pub strokes: u64,
    /// Rallies a second over the last 5 s.
    pub rallies_per_second: f64,
    /// Strokes a second over the last 5 s.
    pub strokes_per_second: f64,
    /// Manager instances that the score is the sum of.
    pub instances: usize,
}

/// A task and its state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskView {
    /// The task, as it describes itself.
    #[serde(flatten)]
    pub task: WhoAmI,
    /// Its state.
    pub state: TaskState,
}

/// The state of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TaskState {
    /// It came a moment ago.
    New,
    /// It answers.
    Running,
    /// It still answers, but discovery no longer lists it: it is about to stop.
    Stopping,
    /// It no longer answers.
    Gone,
}

/// Who plays how much.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShareView {
    /// The span that the strokes were played in.
    pub seconds: u64,
    /// Each player's strokes in it, by the player.
    pub players: BTreeMap<String, PlayerShare>,
}

/// The strokes of one player.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlayerShare {
    /// The side it plays for.
    pub side: Side,
    /// The player.
    #[serde(flatten)]
    pub player: Task,
    /// The strokes it has answered.
    pub strokes: u64,
}

/// The paths as the page shows them: a row for each node that asks, a column for each that answers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PathMatrix {
    /// How many nodes there are at one end of a path; rows and columns are of 40 at most.
    pub nodes: usize,
    /// The nodes that ask, one a row.
    pub from: Vec<String>,
    /// The nodes that answer, one a column.
    pub to: Vec<String>,
    /// The paths between them, each under its ends as [`PathMatrix::key`] writes them.
    pub cells: BTreeMap<String, PathCell>,
}

impl PathMatrix {
    /// Returns the key of a path: its two ends, with a space between them.
    #[must_use]
    pub fn key(from: &str, to: &str) -> String {
        format!("{from} {to}")
    }
}

/// The health of a path as the page shows it. Times are in milliseconds, with two decimals below 10; of
/// many nodes only the median is there, with one decimal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PathCell {
    /// The worst that is known of it.
    pub state: PathState,
    /// Why it is broken, if it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cause: Option<ProbeFailure>,
    /// Since when it is broken or loses packets, if it does, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub since: Option<u64>,
    /// The median round trip of its probes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub median: Option<f64>,
    /// The 99th percentile of their round trips.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub p99: Option<f64>,
    /// How many percent of its datagrams are lost, with one decimal; of many nodes only if that is its
    /// state.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub loss: Option<f64>,
    /// Their interarrival jitter, with one decimal.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub jitter: Option<f64>,
    /// The median time of its strokes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub stroke: Option<f64>,
    /// The faults of its strokes, if they are its state.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub faults: Option<u64>,
}

/// A node that had a task until lately.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AwayNode {
    /// The node.
    pub node: Node,
    /// When its last task was gone, in milliseconds since 1970.
    pub at: u64,
    /// Whether discovery listed that to the end, so that nobody has stopped it in order.
    pub is_lost: bool,
}

/// A stroke that is being shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownStroke {
    /// The rally it belongs to.
    pub rally: RallyId,
    /// Its place in the rally, from 1.
    pub n: u16,
    /// The side that played it.
    pub side: Side,
    /// Its outcome.
    pub outcome: Outcome,
    /// The player that played it.
    #[serde(flatten)]
    pub player: Task,
    /// The manager that asked for it.
    pub manager: Task,
    /// The node whose proxy carries the rally, if one does.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub proxy: Option<Node>,
}

/// A rally that was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecentRally {
    /// How it ended.
    #[serde(flatten)]
    pub result: RallyResult,
    /// Its first strokes.
    pub played: Vec<PlayedStroke>,
}

/// A stroke of a rally that was shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlayedStroke {
    /// The side that played it.
    pub side: Side,
    /// Its outcome.
    pub outcome: Outcome,
    /// The player that played it.
    #[serde(flatten)]
    pub player: Task,
    /// How long the player took to answer, in microseconds.
    pub micros: u64,
}
