//! The options of the scoreboard.

use clap::Args;
use client::targets::Targets;

/// Options of the scoreboard.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Where the managers are, whose feeds are read: names are resolved to all their addresses,
    /// again every second or two
    #[arg(
        long,
        env = "PONG_MANAGERS",
        value_name = "HOST:PORT,…",
        default_value = "tasks.manager:3000"
    )]
    pub managers: Targets,

    /// Where all scoreboards are, this one included; each takes over what the others have received
    #[arg(
        long,
        env = "PONG_SCOREBOARDS",
        value_name = "HOST:PORT,…",
        default_value = "tasks.scoreboard:3000"
    )]
    pub scoreboards: Targets,

    /// Where the admin ports of all tasks are; their /whoami says which task is on which node
    #[arg(
        long,
        env = "PONG_TASK_TARGETS",
        value_name = "HOST:PORT,…",
        default_value = "tasks.ping:3001,tasks.pong:3001,tasks.manager:3001,tasks.light:3001,\
            tasks.scoreboard:3001,tasks.proxy:3001"
    )]
    pub tasks: Targets,
}
