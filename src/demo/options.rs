//! What a demo can be started with.

use std::net::SocketAddr;

use clap::Args;
use light::LampOptions;
use manager::PlayOptions;
use player::ChanceOptions;
use server::address::parse_address;
use server::number::number;
use server::options::LogOptions;

/// The options of the demo.
#[derive(Args, Clone, Debug)]
pub struct DemoOptions {
    /// Simulated nodes, 1 to 64, named pi1, pi2, …
    #[arg(long, env = "PONG_NODES", value_name = "N", default_value = "3",
        allow_negative_numbers = true, value_parser = number(1..=64_u8))]
    pub nodes: u8,

    /// Players of each side, 1 to 64
    #[arg(long, env = "PONG_PLAYERS", value_name = "N", default_value = "2",
        allow_negative_numbers = true, value_parser = number(1..=64_u8))]
    pub players: u8,

    /// Managers, 1 to 64
    #[arg(long, env = "PONG_MANAGER_COUNT", value_name = "N", default_value = "2",
        allow_negative_numbers = true, value_parser = number(1..=64_u8))]
    pub managers: u8,

    /// Scoreboards, 0 to 64; without one there is no page
    #[arg(long, env = "PONG_SCOREBOARD_COUNT", value_name = "N", default_value = "1",
        allow_negative_numbers = true, value_parser = number(0..=64_u8))]
    pub scoreboards: u8,

    /// Address and port of the first node's proxy, or :PORT for every address; the others take free
    /// ports
    #[arg(
        long,
        env = "PONG_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:3000",
        value_parser = parse_address
    )]
    pub listen: SocketAddr,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub chance: ChanceOptions,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub play: PlayOptions,

    /// Of the first node; the lamps of the others are simulated, and all have the same idle pattern.
    #[command(flatten)]
    pub lamp: LampOptions,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub log: LogOptions,
}
