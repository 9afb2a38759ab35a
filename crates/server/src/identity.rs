//! Who a service is.

use protocol::name::Name;
use protocol::service::Service;
use protocol::task::Task;
use protocol::whoami::WhoAmI;
use tracing::{Span, error_span};

use crate::clock::unix_millis;

/// The architecture that this build is for: `x86_64`, `aarch64`, `armv7`, `armv6`.
pub const ARCH: &str = env!("PONG_ARCH");

/// The identity of a running service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The service.
    pub service: Service,
    /// Its task and node.
    pub task: Task,
    /// What its build is called.
    pub release: Name,
}

impl Identity {
    /// Returns the identity of a task of this build.
    #[must_use]
    pub fn new(service: Service, task: Task) -> Self {
        Self { service, task, release: own_release() }
    }

    /// Returns what `/whoami` answers for a service that starts now.
    #[must_use]
    pub fn whoami(&self) -> WhoAmI {
        WhoAmI {
            service: self.service,
            task: self.task.clone(),
            version: own_release(),
            release: self.release.clone(),
            os: Name::from_any(std::env::consts::OS),
            arch: Name::from_any(ARCH),
            started: unix_millis() / 1000,
        }
    }

    /// Returns the span that names the service in all its log lines. Its level is that of errors,
    /// so that lines of every level have it.
    #[must_use]
    pub fn span(&self) -> Span {
        let Task { name, node } = &self.task;
        let node_id = node.id.as_ref().map(Name::as_str);
        error_span!("task", service = self.service.name(), task = %name, node = %node.name, node_id)
    }
}

/// Returns what a build is called that nobody has named: its version.
#[must_use]
pub fn own_release() -> Name {
    Name::from_any(env!("CARGO_PKG_VERSION"))
}
