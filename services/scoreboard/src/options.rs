//! What a scoreboard can be told.

use clap::Args;
use court::peers::Peers;

/// Holds a scoreboard's own options.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Where managers are, whose feeds are followed: names are resolved to all their addresses,
    /// again each second
    #[arg(
        long,
        env = "PONG_MANAGERS",
        value_name = "HOST:PORT,…",
        default_value = "tasks.manager:3000"
    )]
    pub managers: Peers,

    /// Where all scoreboards are, this one too; each keeps what the others have heard
    #[arg(
        long,
        env = "PONG_PEERS",
        value_name = "HOST:PORT,…",
        default_value = "tasks.scoreboard:3000"
    )]
    pub peers: Peers,

    /// Where the admin ports of all tasks are, to learn from /whoami which task is on which node
    #[arg(
        long,
        env = "PONG_WHOAMI",
        value_name = "HOST:PORT,…",
        default_value = "tasks.ping:3001,tasks.pong:3001,tasks.manager:3001,tasks.light:3001,\
            tasks.scoreboard:3001,tasks.proxy:3001"
    )]
    pub whoami: Peers,
}
