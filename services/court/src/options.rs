//! The options that every service has.

use std::net::SocketAddr;

use clap::Args;
use tracing::level_filters::LevelFilter;

use crate::log::Format;
use crate::task::{Name, NotAName, Task};

/// Holds where a service listens, who it is and how it logs.
#[derive(Args, Clone, Debug)]
// clap names a group after the type; each service's own options are of a type of this name too.
#[group(skip)]
#[command(next_help_heading = "Options of every service")]
pub struct Options {
    /// Address and port to serve on
    #[arg(long, env = "PONG_LISTEN", value_name = "ADDRESS:PORT", default_value = "0.0.0.0:3000")]
    pub listen: SocketAddr,

    /// Address and port for health, metrics and identity; never publish it
    #[arg(long, env = "PONG_ADMIN", value_name = "ADDRESS:PORT", default_value = "0.0.0.0:3001")]
    pub admin: SocketAddr,

    /// Name of the machine this runs on [default: the host name]
    #[arg(long, env = "PONG_NODE", value_name = "NAME")]
    pub node: Option<Name>,

    /// Name of this task [default: the service and the process id, such as ping.4711]
    #[arg(long, env = "PONG_TASK", value_name = "NAME")]
    pub task: Option<Name>,

    /// What this build is called, in answers, so that a rolling update can be seen
    /// [default: the version of swarm-pong]
    #[arg(long, env = "PONG_RELEASE", value_name = "NAME", value_parser = release,
        default_value = "", hide_default_value = true)]
    pub release: Name,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub log: Log,
}

/// Reads a release; an image that was given none has an empty one.
fn release(text: &str) -> Result<Name, NotAName> {
    if text.is_empty() { Ok(own_release()) } else { text.parse() }
}

/// Returns what a build is called that nobody has named: its version.
pub(crate) fn own_release() -> Name {
    Name::from_any(env!("CARGO_PKG_VERSION"))
}

/// Holds how log lines are written, and which.
#[derive(Args, Clone, Copy, Debug)]
pub struct Log {
    /// How log lines are written to stderr [default: text on a terminal, json otherwise]
    #[arg(long, env = "PONG_LOG", value_name = "FORMAT")]
    pub log: Option<Format>,

    /// Which log lines are written: error, warn, info, debug or off
    #[arg(long, env = "PONG_LOG_LEVEL", value_name = "LEVEL", default_value = "info")]
    pub log_level: LevelFilter,
}

impl Options {
    /// Returns who the service is, as told or as found out.
    #[must_use]
    pub fn me(&self, service: &str) -> Task {
        let node = self.node.clone().unwrap_or_else(host_name);
        let pid = std::process::id();
        let task = self.task.clone();
        Task { name: task.unwrap_or_else(|| Name::from_any(&format!("{service}.{pid}"))), node }
    }
}

/// Returns the machine's own name.
#[must_use]
pub fn host_name() -> Name {
    Name::from_any(&gethostname::gethostname().to_string_lossy())
}
