//! Who a task is, as its `/whoami` answers.

use serde::{Deserialize, Serialize};

use crate::name::Name;
use crate::service::Service;
use crate::task::Task;

/// The identity of a running task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhoAmI {
    /// Its service.
    pub service: Service,
    /// Its task and node.
    #[serde(flatten)]
    pub task: Task,
    /// The version of swarm-pong.
    pub version: Name,
    /// What the build is called; the version, unless it was named.
    pub release: Name,
    /// The operating system it was built for.
    pub os: Name,
    /// The architecture it was built for.
    pub arch: Name,
    /// When it started, in seconds since 1970.
    pub started: u64,
}
