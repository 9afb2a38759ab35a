//! The manager: plays rallies between ping and pong, one request a rally, and tells of them.
//!
//! | request | answer |
//! |---|---|
//! | `GET /` | a rally: text, or JSON or NDJSON by `Accept`, as it happens |
//! | `GET /?who` | … with the task, node and time of each stroke |
//! | `GET /?pace=300ms` | … slowed down for people, 0 to 5 s a stroke |
//! | `GET /events` | the feed: `score`, `players`, and `stroke` and `rally` of featured rallies |
//!
//! Start reading at [`play`](self): `play.rs` is a rally as it happens, `opponent.rs` how a stroke
//! is asked for, `answer.rs` how it is told.

mod alone;
mod answer;
mod counts;
mod featured;
mod opponent;
mod options;
mod play;
mod players;
mod publish;
mod routes;
mod service;
mod wish;

pub use options::{Every, Options, PlayOptions};
pub use service::run;
