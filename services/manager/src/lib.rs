//! The manager: plays rallies between ping and pong, one for each request, and publishes them.
//!
//! | request | answer |
//! |---|---|
//! | `GET /` | a rally: text, or JSON or NDJSON by `Accept`, as it happens |
//! | `GET /?who` | … with the task, node, architecture and time of each stroke |
//! | `GET /?pace=300ms` | … slowed down for people, 0 to 5 s a stroke |
//! | `GET /events` | the feed: `score`, `players`, and `stroke` and `rally` of sampled rallies |
//! | `GET /events?rallies` | of the feed, `stroke` and `rally` alone |
//!
//! `rally_runner.rs` is a rally as it happens, `pool.rs` how a player is asked for a stroke,
//! `render.rs` how a rally is written, `publish.rs` what the feed has of counters.

use std::io;
use std::sync::Arc;

use actix_web::web;
use game::Side;
use server::start::Start;

mod autoplay;
mod in_flight;
mod metrics;
mod options;
mod pace;
mod player_stats;
mod pool;
mod publish;
mod rally_runner;
mod render;
mod request;
mod routes;
mod sampler;
mod state;

pub use options::{Options, PlayOptions};
pub use pace::Pace;

use state::Manager;

/// Runs a manager until shutdown, and until every rally in flight has ended.
///
/// # Errors
///
/// That of [`Start::serve`].
pub async fn run(options: Options, mut start: Start) -> io::Result<()> {
    let ping = start.discover(options.play.peer(Side::Ping), options.ping).await;
    let pong = start.discover(options.play.peer(Side::Pong), options.pong).await;
    let manager = Arc::new(Manager::new(options.play, ping, pong, &mut start));
    start.spawn_to_end("publisher", publish::run(Arc::clone(&manager)));
    if let Some(interval) = options.play.play_every {
        start.spawn("autoplay", autoplay::run(Arc::clone(&manager), interval));
    }
    let checked = Arc::clone(&manager);
    start.ready(move || checked.ready());
    start
        .serve(move |config| {
            config.app_data(web::Data::from(Arc::clone(&manager))).configure(routes::configure);
        })
        .await
}
