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

/// A task's identity and clock, as `/whoami` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WhoAmINow {
    /// Who it is.
    #[serde(flatten)]
    pub whoami: WhoAmI,
    /// Its clock, in milliseconds since 1970; none if it does not say.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub now: Option<u64>,
}
