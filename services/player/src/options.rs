//! The options of a player.

use clap::Args;
use game::Side;
use server::number::number;

use crate::chance::HitChance;

/// Options of a player.
#[derive(Args, Clone, Copy, Debug)]
pub struct Options {
    /// Side to play for: ping serves, pong returns
    #[arg(long, env = "PONG_SIDE", value_name = "ping|pong")]
    pub side: Side,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub chance: ChanceOptions,
}

/// Options of what strokes are drawn from.
#[derive(Args, Clone, Copy, Debug)]
pub struct ChanceOptions {
    /// Chance of a HIT in percent: 0 always misses, 100 always hits
    #[arg(
        long,
        env = "PONG_HIT_CHANCE",
        value_name = "PERCENT",
        default_value = "85",
        allow_negative_numbers = true
    )]
    pub hit_chance: HitChance,

    /// Random seed, 0 to 2^64-1. With a seed, sequential requests give the same results on every run
    /// [default: random]
    #[arg(long, env = "PONG_SEED", value_name = "N", allow_negative_numbers = true,
        value_parser = number(0..=u64::MAX))]
    pub seed: Option<u64>,
}
