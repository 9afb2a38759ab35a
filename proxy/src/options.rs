//! The options of the proxy.

use clap::Args;
use client::targets::Targets;

use crate::port_options::PortOptions;

/// The options of the proxy.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Addresses of the managers, separated by commas; each name is resolved to all its addresses,
    /// again every second
    #[arg(
        long,
        env = "PONG_MANAGERS",
        value_name = "HOST:PORT,…",
        default_value = "tasks.manager:3000"
    )]
    pub managers: Targets,

    /// Addresses of the scoreboards, likewise; while there is none, browsers get a rally too
    #[arg(
        long,
        env = "PONG_SCOREBOARDS",
        value_name = "HOST:PORT,…",
        default_value = "tasks.scoreboard:3000"
    )]
    pub scoreboards: Targets,

    /// Admin addresses of all proxies including this one, likewise; every 3 s each probes the
    /// others, at most 16 of them, to measure the network between their nodes
    #[arg(
        long,
        env = "PONG_PROXIES",
        value_name = "HOST:PORT,…",
        default_value = "tasks.proxy:3001"
    )]
    pub proxies: Targets,
    #[command(flatten)]
    #[allow(missing_docs)]
    pub ports: PortOptions,
}
