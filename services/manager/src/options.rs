//! What a manager can be told.

use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use court::pace::{NotADuration, Pace, duration};
use court::peers::Peers;

/// Holds a manager's own options.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Where ping players are, separated by commas: each name is resolved to all its addresses, again
    /// each second
    #[arg(long, env = "PONG_PING", value_name = "HOST:PORT,…", default_value = "tasks.ping:3000")]
    pub ping: Peers,

    /// Where pong players are, likewise
    #[arg(long, env = "PONG_PONG", value_name = "HOST:PORT,…", default_value = "tasks.pong:3000")]
    pub pong: Peers,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub play: PlayOptions,
}

/// Holds how a manager plays.
#[derive(Args, Clone, Copy, Debug)]
pub struct PlayOptions {
    /// Rounds without a miss that make a draw, 1 to 99; a round is one stroke of each side
    #[arg(
        long, env = "PONG_ROUNDS", value_name = "N", default_value = "99",
        value_parser = clap::value_parser!(u16).range(1..=rally::MAX_ROUNDS as i64),
    )]
    pub rounds: u16,

    /// Pause after each stroke, 0ms to 5s; a request may ask for another with ?pace=300ms
    #[arg(long, env = "PONG_PACE", value_name = "TIME", default_value = "0ms")]
    pub pace: Pace,

    /// Time between rallies played with nobody asking, 10ms to 1h, or off
    #[arg(long, env = "PONG_PLAY_EVERY", value_name = "TIME|off", default_value = "off")]
    pub play_every: Every,

    /// Time a player has to answer, 10ms to 2s, before the stroke is tried on the next
    #[arg(long, env = "PONG_STROKE_TIMEOUT", value_name = "TIME", default_value = "1s",
        value_parser = |text: &str| duration(text, Duration::from_millis(10), Duration::from_secs(2)))]
    pub stroke_timeout: Duration,

    /// Tables: rallies at full speed that are played at once, 1 to 1024; more wait for their turn
    #[arg(long, env = "PONG_TABLES", value_name = "N", default_value = "16",
        value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub tables: u16,

    /// Rallies in flight at once, 1 to 65536; more are answered 503 with Retry-After
    #[arg(long, env = "PONG_LIMIT", value_name = "N", default_value = "1024",
        value_parser = clap::value_parser!(u32).range(1..=65_536))]
    pub limit: u32,
}

/// Holds how often rallies are played with nobody asking: never, or with this pause between them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Every(pub Option<Duration>);

impl FromStr for Every {
    type Err = NotADuration;

    fn from_str(text: &str) -> Result<Self, NotADuration> {
        if text == "off" {
            return Ok(Self(None));
        }
        let [least, most] = [Duration::from_millis(10), Duration::from_secs(3600)];
        duration(text, least, most).map(|every| Self(Some(every)))
    }
}
