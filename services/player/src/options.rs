//! What a player can be told.

use clap::Args;
use rally::Side;

use crate::HitChance;

/// Holds a player's own options.
#[derive(Args, Clone, Copy, Debug)]
pub struct Options {
    /// Side to play for: ping serves, pong returns
    #[arg(long, env = "PONG_SIDE", value_name = "ping|pong")]
    pub side: Side,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub luck: LuckOptions,
}

/// Holds what strokes are drawn from.
#[derive(Args, Clone, Copy, Debug)]
pub struct LuckOptions {
    /// Chance of a HIT in percent: 0 always misses, 100 always hits
    #[arg(
        long,
        env = "PONG_HIT_CHANCE",
        value_name = "PERCENT",
        default_value = "85",
        allow_negative_numbers = true
    )]
    pub hit_chance: HitChance,

    /// Number to draw luck from, 0 to 2^64-1, so that what is asked for one by one repeats from start
    /// to start; without one, luck is the system's
    #[arg(long, env = "PONG_SEED", value_name = "N")]
    pub seed: Option<u64>,
}
