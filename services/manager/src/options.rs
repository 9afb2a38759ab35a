//! The options of a manager.

use std::time::Duration;

use clap::Args;
use clap::builder::BoolishValueParser;
use client::endpoint::Peer;
use client::targets::Targets;
use game::Side;
use protocol::timing::MAX_STROKE_TIMEOUT;
use server::duration::{InvalidDuration, parse_duration};
use server::number::number;

use crate::pace::Pace;

/// Options of a manager.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Where ping players are, separated by commas: each name is resolved to all its addresses, again
    /// every second or two
    #[arg(long, env = "PONG_PING", value_name = "HOST:PORT,…", default_value = "tasks.ping:3000")]
    pub ping: Targets,

    /// Where pong players are, likewise
    #[arg(long, env = "PONG_PONG", value_name = "HOST:PORT,…", default_value = "tasks.pong:3000")]
    pub pong: Targets,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub play: PlayOptions,
}

/// Options of how a manager plays.
#[derive(Args, Clone, Copy, Debug)]
pub struct PlayOptions {
    /// Rounds without a miss that make a draw, 1 to 99; a round is one stroke of each side
    #[arg(
        long, env = "PONG_ROUNDS", value_name = "N", default_value = "99",
        allow_negative_numbers = true, value_parser = number(1..=game::MAX_ROUNDS),
    )]
    pub rounds: u16,

    /// Pause after each stroke, 0ms to 5s; a request may ask for another with ?pace=300ms
    #[arg(long, env = "PONG_PACE", value_name = "TIME", default_value = "0ms")]
    pub pace: Pace,

    /// Interval between automatic rallies, 10ms to 1h, or off
    // By its full path: clap would make the argument itself optional.
    #[arg(long, env = "PONG_PLAY_EVERY", value_name = "TIME|off", default_value = "off",
        value_parser = parse_play_every)]
    pub play_every: std::option::Option<Duration>,

    /// Time a player has to answer at most, 10ms to 2s; while there is another one to try, four times
    /// as long as usual, at least 250ms
    #[arg(long, env = "PONG_STROKE_TIMEOUT", value_name = "TIME", default_value = "1s",
        value_parser = parse_stroke_timeout)]
    pub stroke_timeout: Duration,

    /// Rallies at full speed that are played at once, 1 to 1024; more wait for their turn
    #[arg(long, env = "PONG_FULL_SPEED", value_name = "N", default_value = "16",
        allow_negative_numbers = true, value_parser = number(1..=1024_u16))]
    pub full_speed: u16,

    /// Rallies in flight at once, 1 to 65536, and as many again with a pace; more are answered 503
    /// with Retry-After
    #[arg(long, env = "PONG_MAX_IN_FLIGHT", value_name = "N", default_value = "1024",
        allow_negative_numbers = true, value_parser = number(1..=65_536_u32))]
    pub max_in_flight: u32,

    /// Accept players that do not say who they are, such as those of the original game of 2016
    #[arg(long, env = "PONG_UNNAMED_PLAYERS", value_parser = BoolishValueParser::new())]
    pub unnamed_players: bool,
}

impl PlayOptions {
    /// Returns whom a manager expects where players of a side are.
    pub(crate) fn peer(&self, side: Side) -> Peer {
        let service = side.into();
        if self.unnamed_players { Peer::ServiceOrUnnamed(service) } else { Peer::Service(service) }
    }
}

fn parse_play_every(text: &str) -> Result<Option<Duration>, String> {
    if text == "off" {
        return Ok(None);
    }
    let parsed = parse_duration(text, Duration::from_millis(10), Duration::from_secs(3600));
    parsed.map(Some).map_err(|error| match error {
        InvalidDuration::Unreadable(text) => {
            format!("'{text}' is neither off nor a duration, such as 300ms or 2s")
        }
        InvalidDuration::OutOfRange(..) => error.to_string(),
    })
}

fn parse_stroke_timeout(text: &str) -> Result<Duration, InvalidDuration> {
    parse_duration(text, Duration::from_millis(10), MAX_STROKE_TIMEOUT)
}
