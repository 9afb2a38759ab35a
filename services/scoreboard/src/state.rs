//! What the requests and the background tasks of a scoreboard share.

use std::sync::Arc;

use parking_lot::Mutex;
use protocol::id::InstanceId;
use server::log::LogLimiter;
use tokio::sync::Notify;

use crate::cluster::ClusterState;

/// The cluster state, and who is notified when it changes.
#[derive(Debug)]
pub(crate) struct State {
    /// The random id of this process, which its revisions belong to.
    pub(crate) instance: InstanceId,
    cluster: Mutex<ClusterState>,
    changed: Notify,
    joined: Notify,
}

impl State {
    /// Makes the state of a scoreboard that knows nothing yet.
    pub(crate) fn new(instance: InstanceId, log_limiter: Arc<LogLimiter>) -> Self {
        let cluster = Mutex::new(ClusterState::new(instance.clone(), log_limiter));
        Self { instance, cluster, changed: Notify::new(), joined: Notify::new() }
    }

    /// Changes the cluster state and notifies the publisher.
    pub(crate) fn update<R>(&self, change: impl FnOnce(&mut ClusterState) -> R) -> R {
        let mut cluster = self.cluster.lock();
        let membership = cluster.membership();
        let outcome = change(&mut cluster);
        if cluster.membership() != membership {
            self.joined.notify_one();
        }
        drop(cluster);
        self.changed.notify_one();
        outcome
    }

    /// Waits until a task or a player has joined or changed, unless one did since the last wait.
    pub(crate) async fn joined(&self) {
        self.joined.notified().await;
    }

    /// Reads the cluster state.
    pub(crate) fn read<R>(&self, read: impl FnOnce(&ClusterState) -> R) -> R {
        read(&self.cluster.lock())
    }

    /// Takes out of the cluster state what is to be published; notifies nobody.
    pub(crate) fn collect<R>(&self, take: impl FnOnce(&mut ClusterState) -> R) -> R {
        take(&mut self.cluster.lock())
    }

    /// Returns whether it can do its work, and if not, what is missing.
    pub(crate) fn ready(&self) -> Result<(), String> {
        self.read(ClusterState::ready)
    }

    /// Waits for an update, unless there was one since the last wait.
    pub(crate) async fn changed(&self) {
        self.changed.notified().await;
    }
}
