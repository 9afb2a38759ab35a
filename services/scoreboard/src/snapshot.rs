//! The snapshot of the cluster state that was published last, section by section.

use std::collections::BTreeMap;
use std::time::Duration;

use client::showcase::BEAT;
use protocol::node_names::NodeNames;
use protocol::node_trouble::{NodeTrouble, TroubledNode};
use protocol::patch::{Object, diff};
use protocol::path::{self, PathList, PathState};
use protocol::port::PortSummary;
use protocol::snapshot::{self, PathMatrix, Snapshot, Update};
use protocol::task::Task;
use protocol::timeline::{self, Timeline};
use serde::Serialize;
use serde_json::Value;
use server::identity::Identity;
use tokio::time::Instant;

use crate::changes::{REMEMBERED_FOR, ago, away};
use crate::cluster::ClusterState;
use crate::matrix::matrix;
use crate::recent::Unpublished;

/// The time after which the sections that change by themselves, such as shares, are refreshed; new
/// tasks and players do not wait for it.
pub(crate) const REFRESH_INTERVAL: Duration = Duration::from_millis(500);

/// How many entries of the timeline the snapshot has.
const MAX_ENTRIES: usize = 30;

/// How many broken ports the snapshot has.
const MAX_PORTS: usize = 16;

/// What was published last.
#[derive(Debug)]
pub(crate) struct Published {
    /// The scoreboard that publishes.
    scoreboard: Task,
    /// Everything, as it was published last.
    pub(crate) snapshot: Snapshot,
    /// All paths, of which the snapshot has those that the page shows.
    pub(crate) paths: PathList,
    /// What happened, of which the snapshot has the last.
    pub(crate) timeline: Timeline,
    /// The nodes that it names.
    names: NodeNames,
    /// The membership that the snapshot is of.
    membership: u64,
    /// When all sections were refreshed.
    pub(crate) refreshed_at: Instant,
    /// When an update was published.
    pub(crate) published_at: Instant,
}

impl Published {
    /// Takes the first snapshot.
    pub(crate) fn new(identity: &Identity, cluster: &mut ClusterState) -> Self {
        let whoami = identity.whoami();
        let paths = list_paths(cluster, &identity.task);
        let snapshot = Snapshot {
            format: snapshot::FORMAT,
            version: whoami.version,
            release: whoami.release,
            beat_ms: BEAT.as_millis() as u64,
            scoreboard: paths.scoreboard.clone(),
            score: cluster.score(),
            missing: Vec::new(),
            tasks: BTreeMap::new(),
            shares: cluster.shares.view(),
            paths: PathMatrix::default(),
            ports: None,
            troubles: Vec::new(),
            away: Vec::new(),
            timeline: Vec::new(),
            rallies: Vec::new(),
        };
        let scoreboard = whoami.task.clone();
        let timeline = Timeline { format: timeline::FORMAT, scoreboard, entries: Vec::new() };
        let now = Instant::now();
        let mut published = Self {
            scoreboard: whoami.task,
            snapshot,
            paths,
            timeline,
            names: NodeNames::default(),
            membership: 0,
            refreshed_at: now,
            published_at: now,
        };
        published.refresh(cluster, &mut Changes::default());
        published
    }

    /// Applies the cluster state to the snapshot; returns what has changed, without the patch if
    /// nobody is watching.
    pub(crate) fn apply(&mut self, cluster: &mut ClusterState, is_watched: bool) -> Update {
        let mut changes = Changes { is_watched, ..Changes::default() };
        let is_due = self.refreshed_at.elapsed() >= REFRESH_INTERVAL;
        if is_due || cluster.membership() != self.membership {
            self.refresh(cluster, &mut changes);
        }
        let Unpublished { mut strokes, mut rallies } = cluster.recent.take_unpublished();
        self.names.shorten(&mut strokes);
        self.names.shorten(&mut rallies);
        if !rallies.is_empty() {
            self.snapshot.rallies = cluster.recent.list();
            self.names.shorten(&mut self.snapshot.rallies);
        }
        changes.replace("score", &mut self.snapshot.score, cluster.score());
        Update { patch: diff(&changes.before, &changes.after), strokes, rallies }
    }

    /// Refreshes the sections that change by themselves.
    fn refresh(&mut self, cluster: &mut ClusterState, changes: &mut Changes) {
        self.membership = cluster.membership();
        self.refreshed_at = Instant::now();
        let mut tasks = cluster.see_tasks();
        let mut shares = cluster.shares.view();
        self.paths = list_paths(cluster, &self.scoreboard);
        self.timeline.scoreboard = self.scoreboard.clone();
        self.timeline.entries = cluster.timeline.entries().to_vec();
        let mut away: Vec<_> = away(&self.timeline.entries, ago(REMEMBERED_FOR)).collect();
        self.names = NodeNames::default();
        self.names.add(&mut tasks);
        self.names.add(&mut shares);
        self.names.add(&mut self.paths);
        self.names.add(&mut self.timeline);
        self.names.shorten(&mut tasks);
        self.names.shorten(&mut shares);
        self.names.shorten(&mut self.paths);
        self.names.shorten(&mut self.timeline);
        self.names.shorten(&mut away);
        let snapshot = &mut self.snapshot;
        let scoreboard = self.paths.scoreboard.clone();
        changes.replace("scoreboard", &mut snapshot.scoreboard, scoreboard);
        changes.replace("missing", &mut snapshot.missing, cluster.missing());
        changes.replace("tasks", &mut snapshot.tasks, tasks);
        changes.replace("shares", &mut snapshot.shares, shares);
        changes.replace(
            "paths",
            &mut snapshot.paths,
            matrix(&self.paths.paths, &self.timeline.entries),
        );
        changes.replace("ports", &mut snapshot.ports, summary(&self.paths));
        changes.replace("troubles", &mut snapshot.troubles, self.paths.troubles.clone());
        changes.replace("away", &mut snapshot.away, away);
        let last = self.timeline.entries.iter().take(MAX_ENTRIES).cloned().collect();
        changes.replace("timeline", &mut snapshot.timeline, last);
    }
}

/// The sections that have changed, before and after; none of them if nobody is watching.
#[derive(Default)]
struct Changes {
    is_watched: bool,
    before: Object,
    after: Object,
}

impl Changes {
    /// Replaces a section of this name if it differs.
    fn replace<T: PartialEq + Serialize>(&mut self, name: &str, published: &mut T, new: T) {
        if self.is_watched && *published != new {
            self.before.insert(name.to_owned(), json(published));
            self.after.insert(name.to_owned(), json(&new));
        }
        *published = new;
    }
}

fn json(section: &impl Serialize) -> Value {
    serde_json::to_value(section).expect("sections are plain structures")
}

fn list_paths(cluster: &mut ClusterState, scoreboard: &Task) -> PathList {
    let paths = cluster.see_paths();
    let ports = cluster.see_ports();
    let troubles = cluster.troubles().to_vec();
    let is_unprobed = |one: &&TroubledNode| one.trouble == NodeTrouble::NoProber;
    let (probed, measured) = cluster.probes.coverage();
    let nodes = probed + troubles.iter().filter(is_unprobed).count();
    let count = |state| paths.iter().filter(|path| path.state == state).count();
    PathList {
        format: path::FORMAT,
        scoreboard: scoreboard.clone(),
        nodes,
        pairs: nodes * nodes.saturating_sub(1),
        measured,
        broken: count(PathState::Broken),
        lossy: count(PathState::Loss),
        troubles,
        ports,
        paths,
    }
}

/// Returns the ports as the page shows them.
fn summary(list: &PathList) -> Option<PortSummary> {
    let checked = list.ports.as_ref()?.iter().filter(|port| !port.is_stale).count();
    let broken = list.broken_ports().take(MAX_PORTS).cloned().collect();
    Some(PortSummary { checked, broken })
}

#[cfg(test)]
mod tests;
