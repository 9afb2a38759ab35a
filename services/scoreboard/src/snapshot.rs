//! The snapshot of the cluster state that was published last, section by section.

use std::cmp::Reverse;
use std::time::Duration;

use client::showcase::BEAT;
use protocol::path::{self, PathList, PathState, PathStatus};
use protocol::snapshot::{self, Snapshot, Update};
use protocol::task::Task;
use server::identity::Identity;
use tokio::time::Instant;

use crate::cluster::ClusterState;

/// The time after which the sections that change by themselves, such as shares, are refreshed; new
/// tasks and players do not wait for it.
pub(crate) const REFRESH_INTERVAL: Duration = Duration::from_millis(500);

/// Maximum number of paths for a page: those between 32 nodes.
const MAX_PAGE_PATHS: usize = 1024;

/// What was published last.
#[derive(Debug)]
pub(crate) struct Published {
    /// Everything, as it was published last.
    pub(crate) snapshot: Snapshot,
    /// All paths, of which the snapshot has those for a page.
    pub(crate) paths: PathList,
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
            scoreboard: whoami.task,
            score: cluster.score(),
            missing: cluster.missing(),
            tasks: cluster.tasks.views(),
            shares: cluster.shares.view(),
            paths: worst(&paths.paths),
            rallies: cluster.recent.list(),
        };
        let now = Instant::now();
        let membership = cluster.membership();
        Self { snapshot, paths, membership, refreshed_at: now, published_at: now }
    }

    /// Applies the cluster state to the snapshot; returns what has changed.
    pub(crate) fn apply(&mut self, cluster: &mut ClusterState) -> Update {
        let snapshot = &mut self.snapshot;
        let unpublished = cluster.recent.take_unpublished();
        let mut update = Update {
            score: replace(&mut snapshot.score, cluster.score()),
            strokes: unpublished.strokes,
            rallies: unpublished.rallies,
            ..Update::default()
        };
        if !update.rallies.is_empty() {
            snapshot.rallies = cluster.recent.list();
        }
        let membership = cluster.membership();
        let is_due = self.refreshed_at.elapsed() >= REFRESH_INTERVAL;
        if is_due || membership != self.membership {
            self.membership = membership;
            self.refreshed_at = Instant::now();
            self.paths = list_paths(cluster, &snapshot.scoreboard);
            update.missing = replace(&mut snapshot.missing, cluster.missing());
            update.tasks = replace(&mut snapshot.tasks, cluster.tasks.views());
            update.shares = replace(&mut snapshot.shares, cluster.shares.view());
            update.paths = replace(&mut snapshot.paths, worst(&self.paths.paths));
        }
        update
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
    let coverage = cluster.probes.coverage();
    PathList {
        format: path::FORMAT,
        scoreboard: scoreboard.clone(),
        nodes: coverage.nodes,
        pairs: coverage.pairs,
        measured: coverage.measured,
        broken: paths.iter().filter(|path| path.state == PathState::Broken).count(),
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
    use protocol::name::Name;
    use protocol::task::NodeRef;

    use super::*;

    #[test]
    fn the_page_gets_the_worst_1024_paths() {
        let path = |n: usize| PathStatus {
            from: Name::from_any(&format!("pi{n:04}")),
            to: NodeRef::Node(Name::from_any("pi0000")),
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
