//! The snapshot of the cluster state that was published last, section by section.

use std::cmp::Reverse;
use std::time::Duration;

use client::showcase::BEAT;
use protocol::node_names::NodeNames;
use protocol::node_trouble::{NodeTrouble, TroubledNode};
use protocol::path::{self, PathList, PathState, PathStatus};
use protocol::snapshot::{self, Snapshot, Update};
use protocol::task::Task;
use server::identity::Identity;
use tokio::time::Instant;

use crate::cluster::ClusterState;
use crate::recent::Unpublished;

/// The time after which the sections that change by themselves, such as shares, are refreshed; new
/// tasks and players do not wait for it.
pub(crate) const REFRESH_INTERVAL: Duration = Duration::from_millis(500);

/// Maximum number of paths for a page: those between 32 nodes.
const MAX_PAGE_PATHS: usize = 1024;

/// What was published last.
#[derive(Debug)]
pub(crate) struct Published {
    /// The scoreboard that publishes.
    scoreboard: Task,
    /// Everything, as it was published last.
    pub(crate) snapshot: Snapshot,
    /// All paths, of which the snapshot has those for a page.
    pub(crate) paths: PathList,
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
            tasks: Vec::new(),
            shares: cluster.shares.view(),
            paths: Vec::new(),
            troubles: Vec::new(),
            rallies: Vec::new(),
        };
        let now = Instant::now();
        let mut published = Self {
            scoreboard: whoami.task,
            snapshot,
            paths,
            names: NodeNames::default(),
            membership: 0,
            refreshed_at: now,
            published_at: now,
        };
        published.refresh(cluster);
        published
    }

    /// Applies the cluster state to the snapshot; returns what has changed.
    pub(crate) fn apply(&mut self, cluster: &mut ClusterState) -> Update {
        let is_due = self.refreshed_at.elapsed() >= REFRESH_INTERVAL;
        let mut update = if is_due || cluster.membership() != self.membership {
            self.refresh(cluster)
        } else {
            Update::default()
        };
        let Unpublished { mut strokes, mut rallies } = cluster.recent.take_unpublished();
        self.names.shorten(&mut strokes);
        self.names.shorten(&mut rallies);
        if !rallies.is_empty() {
            self.snapshot.rallies = cluster.recent.list();
            self.names.shorten(&mut self.snapshot.rallies);
        }
        update.score = replace(&mut self.snapshot.score, cluster.score());
        Update { strokes, rallies, ..update }
    }

    /// Refreshes the sections that change by themselves; returns those that have changed.
    fn refresh(&mut self, cluster: &mut ClusterState) -> Update {
        self.membership = cluster.membership();
        self.refreshed_at = Instant::now();
        let mut tasks = cluster.tasks.views();
        let mut shares = cluster.shares.view();
        self.paths = list_paths(cluster, &self.scoreboard);
        self.names = NodeNames::default();
        self.names.add(&mut tasks);
        self.names.add(&mut shares);
        self.names.add(&mut self.paths);
        self.names.shorten(&mut tasks);
        self.names.shorten(&mut shares);
        self.names.shorten(&mut self.paths);
        let snapshot = &mut self.snapshot;
        snapshot.scoreboard.clone_from(&self.paths.scoreboard);
        Update {
            missing: replace(&mut snapshot.missing, cluster.missing()),
            tasks: replace(&mut snapshot.tasks, tasks),
            shares: replace(&mut snapshot.shares, shares),
            paths: replace(&mut snapshot.paths, worst(&self.paths.paths)),
            troubles: replace(&mut snapshot.troubles, self.paths.troubles.clone()),
            ..Update::default()
        }
    }
}

/// Replaces a section; returns the new one if it differs.
fn replace<T: Clone + PartialEq>(published: &mut T, new: T) -> Option<T> {
    if *published == new {
        return None;
    }
    published.clone_from(&new);
    Some(new)
}

fn list_paths(cluster: &mut ClusterState, scoreboard: &Task) -> PathList {
    let paths = cluster.paths();
    let troubles = cluster.troubles().to_vec();
    let is_unprobed = |one: &&TroubledNode| one.trouble == NodeTrouble::NoProber;
    let (probed, measured) = cluster.probes.coverage();
    let nodes = probed + troubles.iter().filter(is_unprobed).count();
    PathList {
        format: path::FORMAT,
        scoreboard: scoreboard.clone(),
        nodes,
        pairs: nodes * nodes.saturating_sub(1),
        measured,
        broken: paths.iter().filter(|path| path.state == PathState::Broken).count(),
        troubles,
        paths,
    }
}

/// Returns the paths for a page, by name: the worst where there are too many.
fn worst(paths: &[PathStatus]) -> Vec<PathStatus> {
    if paths.len() <= MAX_PAGE_PATHS {
        return paths.to_vec();
    }
    let mut indices: Vec<usize> = (0..paths.len()).collect();
    indices.sort_by_key(|at| Reverse(paths[*at].state));
    indices.truncate(MAX_PAGE_PATHS);
    indices.sort_unstable();
    indices.into_iter().map(|at| paths[at].clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_gets_the_worst_1024_paths() {
        let path = |n: usize| PathStatus {
            from: format!("pi{n:04}").parse().expect("a node"),
            to: "pi0000".parse().expect("a node"),
            state: if n == 2000 { PathState::Broken } else { PathState::Ok },
            cause: None,
            probes: None,
            strokes: None,
        };
        let paths: Vec<_> = (1..=2000).map(path).collect();
        let worst = worst(&paths);
        assert_eq!(worst.len(), MAX_PAGE_PATHS);
        assert!(worst.iter().any(|path| path.state == PathState::Broken));
        assert!(worst.is_sorted_by_key(|path| path.from.clone()));
    }
}
