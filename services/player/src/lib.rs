//! The player: one task of ping or pong, which answers each request with HIT or MISS.
//!
//! | request | answer |
//! |---|---|
//! | `GET /` | `HIT` or `MISS` as text, no line end |
//! | `GET /` with `Accept: application/json` | the stroke with outcome, side, task and node |
//!
//! Every answer names the player in the header `Pong-Player: ping.2@pi3`.

mod chance;
mod luck;
mod options;
mod routes;
mod service;

pub use chance::{HitChance, NotAChance};
pub use options::{LuckOptions, Options};
pub use service::run;
