//! The player: one task of ping or pong, which answers each request with HIT or MISS.
//!
//! | request | answer |
//! |---|---|
//! | `GET /` | `HIT` or `MISS` as text, no line end |
//! | `GET /` with `Accept: application/json` | the stroke with outcome, side, task and node |
//!
//! Every answer names the player in the header `Pong-Player: ping.2@pi3`.

use std::io;

use actix_web::web;
use server::start::Start;

mod chance;
mod metrics;
mod options;
mod random;
mod routes;
mod state;

pub use chance::{HitChance, InvalidChance};
pub use options::{ChanceOptions, Options};

use state::Player;

/// Runs a player until shutdown, and until every stroke it was asked for is answered.
///
/// # Errors
///
/// That of [`Start::serve`].
pub async fn run(options: Options, mut start: Start) -> io::Result<()> {
    let player = web::Data::new(Player::new(options, &mut start));
    start
        .serve(move |config| {
            config.app_data(player.clone()).configure(routes::configure);
        })
        .await
}
