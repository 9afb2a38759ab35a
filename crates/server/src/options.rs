//! The options that every service has.

use std::net::SocketAddr;

use clap::Args;
use protocol::name::{InvalidName, Name, parse_shortened};
use protocol::node::Node;
use protocol::service::Service;
use protocol::task::Task;
use tracing::level_filters::LevelFilter;

use crate::address::parse_address;
use crate::identity::{Identity, own_release};
use crate::log::Format;
use crate::number::number;

/// The options of a service with a public port.
#[derive(Args, Clone, Copy, Debug)]
#[command(next_help_heading = "Options of every service")]
pub struct ListenOptions {
    /// Address and port to serve on, or :PORT for every address
    #[arg(long, env = "PONG_LISTEN", value_name = "ADDRESS:PORT", default_value = "0.0.0.0:3000",
        value_parser = parse_address)]
    pub listen: SocketAddr,

    /// Connections to that port that may be open at once, 1 to 65,535, and no more than half of the
    /// files that may be open; when they all are, the client with most loses the one that has been
    /// idle for longest, and if none is idle, others wait
    #[arg(long, env = "PONG_MAX_CONNECTIONS", value_name = "N", default_value_t = MAX_CONNECTIONS,
        allow_negative_numbers = true, value_parser = number(1..=u16::MAX))]
    pub max_connections: u16,
}

/// How many connections to a public port may be open at once, unless an option says otherwise.
pub(crate) const MAX_CONNECTIONS: u16 = 1024;

/// The options of every service: its admin port, who it is, and how it logs.
#[derive(Args, Clone, Debug)]
// clap names a group after the type; each service's own options are of a type of this name too.
#[group(skip)]
#[command(next_help_heading = "Options of every service")]
pub struct Options {
    /// Address and port for health, metrics and identity; never publish it
    #[arg(long, env = "PONG_ADMIN", value_name = "ADDRESS:PORT", default_value = "0.0.0.0:3001",
        value_parser = parse_address)]
    pub admin: SocketAddr,

    /// Name of the node this runs on [default: the host name]
    #[arg(long, env = "PONG_NODE", value_name = "NAME", value_parser = parse_shortened)]
    pub node: Option<Name>,

    /// Id of that node, which no other one has, such as Swarm's {{.Node.ID}}
    /// [default: none; nodes that share a name are then not told apart]
    #[arg(long, env = "PONG_NODE_ID", value_name = "ID", value_parser = parse_shortened)]
    pub node_id: Option<Name>,

    /// Name of this task [default: the service and the process id, such as ping.4711]
    #[arg(long, env = "PONG_TASK", value_name = "NAME", value_parser = parse_shortened)]
    pub task: Option<Name>,

    /// What this build is called, in answers, so that a rolling update can be seen
    /// [default: the version of swarm-pong]
    #[arg(long, env = "PONG_RELEASE", value_name = "NAME", value_parser = parse_release,
        default_value = "", hide_default_value = true)]
    pub release: Name,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub log: LogOptions,
}

/// Parses a release; an image that was given none has an empty one.
fn parse_release(text: &str) -> Result<Name, InvalidName> {
    if text.is_empty() { Ok(own_release()) } else { text.parse() }
}

/// The options of the log.
#[derive(Args, Clone, Copy, Debug)]
pub struct LogOptions {
    /// Format of log lines on stderr [default: text on a terminal, json otherwise]
    #[arg(long, env = "PONG_LOG", value_name = "FORMAT")]
    pub log: Option<Format>,

    /// Least severe level that is logged: error, warn, info, debug or off [default: info, and for a demo
    /// on a terminal warn]
    #[arg(long, env = "PONG_LOG_LEVEL", value_name = "LEVEL")]
    pub log_level: Option<LevelFilter>,
}

impl LogOptions {
    /// Returns the level that is logged, by default `info`.
    #[must_use]
    pub fn level(&self) -> LevelFilter {
        self.log_level.unwrap_or(LevelFilter::INFO)
    }
}

impl Options {
    /// Returns who the service is, as given or as found out.
    #[must_use]
    pub fn identity(&self, service: Service) -> Identity {
        let name = self.node.clone().unwrap_or_else(host_name);
        let node = Node { name, id: self.node_id.clone() };
        let pid = std::process::id();
        let name = self.task.clone();
        let name = name.unwrap_or_else(|| Name::from_any(&format!("{service}.{pid}")));
        Identity { service, task: Task { name, node }, release: self.release.clone() }
    }
}

fn host_name() -> Name {
    Name::from_any(&gethostname::gethostname().to_string_lossy())
}
