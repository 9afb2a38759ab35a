//! The scoreboard: merges the managers' scores, and shows the whole cluster playing on one page.
//!
//! | request | answer |
//! |---|---|
//! | `GET /`, `/page/FILE` | the page |
//! | `GET /score` | everything the page shows but for the rallies, as JSON |
//! | `GET /paths` | how every path between two nodes is, as JSON |
//! | `GET /events` | the same as it changes, as server-sent events |
//! | `GET /lives` | what another scoreboard asks for |
//!
//! It learns everything over the network the game is played on: who plays from service discovery and
//! each task's `/whoami`, what is played from the managers' feeds. It needs no Docker socket.
//!
//! Start reading at `board.rs`: what it knows, of which `lives.rs` is the score, `tasks.rs` the
//! placement, `share.rs` the spread, `paths.rs` the network, with `knocks.rs` from the proxies, and
//! `shown.rs` the ball. `census.rs` asks the tasks, `news.rs` tells browsers, `exchange.rs` other
//! scoreboards.

mod board;
mod census;
mod exchange;
mod knocks;
mod lives;
mod news;
mod options;
mod page;
mod paths;
mod routes;
mod service;
mod share;
mod shown;
mod tasks;
mod turns;
mod window;

use std::time::Duration;

pub use options::Options;
pub use service::run;

/// The most tasks that are kept: of all services, and players that one manager tells of.
const MOST_TASKS: usize = 512;

/// How long what is not heard of any more is remembered.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);
