//! What a proxy can be told.

use clap::Args;
use court::peers::Peers;

/// Holds a proxy's own options.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Where managers are, separated by commas: each name is resolved to all its addresses, again
    /// each second
    #[arg(
        long,
        env = "PONG_MANAGERS",
        value_name = "HOST:PORT,…",
        default_value = "tasks.manager:3000"
    )]
    pub managers: Peers,

    /// Where scoreboards are, likewise; while there is none, a browser gets a rally too
    #[arg(
        long,
        env = "PONG_SCOREBOARDS",
        value_name = "HOST:PORT,…",
        default_value = "tasks.scoreboard:3000"
    )]
    pub scoreboards: Peers,

    /// Where the admin ports of all proxies are, this one's too, likewise: each knocks at the others
    /// every 2 s to measure the network between their nodes, at 16 of them where there are more
    #[arg(
        long,
        env = "PONG_PROXIES",
        value_name = "HOST:PORT,…",
        default_value = "tasks.proxy:3001"
    )]
    pub proxies: Peers,
}
