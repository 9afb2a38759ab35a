//! The scoreboard: merges the managers' scores, and shows the whole cluster playing on one page.
//!
//! | request | answer |
//! |---|---|
//! | `GET /`, `/page/FILE` | the page |
//! | `GET /score` | everything the page shows except the rallies, as JSON |
//! | `GET /paths` | the health of every path between two nodes, as JSON |
//! | `GET /timeline` | what happened in the cluster, and when, as JSON |
//! | `GET /events` | the same as it changes, as server-sent events |
//! | `GET /sync` | the counters and the observations that another scoreboard asks for |
//!
//! Everything comes over the network that the game is played on: placement from service discovery
//! and each task's `/whoami`, rallies from the managers' feeds. No Docker socket is needed.
//!
//! `cluster.rs` holds what is known; `feeds.rs`, `poll.rs` and `sync.rs` keep it up to date, and
//! `publish.rs` sends what has changed to browsers.

use std::io;
use std::sync::Arc;

use client::endpoint::Peer;
use protocol::id::InstanceId;
use protocol::service::Service;
use protocol::wanted::Wanted;
use server::start::Start;

mod changes;
mod clocks;
mod cluster;
mod feeds;
mod known_nodes;
mod matrix;
mod metrics;
mod namesakes;
mod node_troubles;
mod options;
mod page;
mod paths;
mod poll;
mod ports;
mod probes;
mod publish;
mod recent;
mod routes;
mod score;
mod shares;
mod snapshot;
mod state;
mod sync;
mod tasks;
mod timeline;
mod window;

pub use options::Options;

use publish::Publisher;
use state::State;

/// Runs a scoreboard until shutdown.
///
/// # Errors
///
/// That of [`Start::serve`].
pub async fn run(options: Options, mut start: Start) -> io::Result<()> {
    let state = Arc::new(State::new(InstanceId::new(rand::random()), start.log_limiter()));
    let publisher = Arc::new(Publisher::new(start.identity(), Arc::clone(&state)));
    metrics::register(start.metrics(), &state, &publisher);

    let updates = start.subscribe(options.managers, Wanted::Everything).await;
    start.spawn("showcase", feeds::run(Arc::clone(&state), updates));
    let scoreboards = start.discover(Service::Scoreboard, options.scoreboards).await;
    start.spawn("sync", sync::run(Arc::clone(&state), scoreboards));
    // One discovery per name, so that a slow lookup does not delay the others.
    let mut tasks = Vec::new();
    for target in options.tasks.split() {
        tasks.push(start.discover(Peer::Any, target).await);
    }
    start.spawn("polling", poll::run(Arc::clone(&state), tasks));

    let shutdown = start.shutdown().clone();
    start.spawn_to_end("publisher", publish::run(Arc::clone(&publisher), shutdown));

    let known = Arc::clone(&state);
    start.ready(move || known.ready());
    start.serve(move |config| routes::configure(config, &state, &publisher)).await
}

#[cfg(test)]
mod tests;
