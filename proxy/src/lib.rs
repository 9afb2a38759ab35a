//! The public door, one on every node and the only thing strangers reach.
//!
//! | request | goes to |
//! |---|---|
//! | `GET /` | a scoreboard's page if the client prefers HTML, else a manager: a rally |
//! | `GET /rally` | a manager: a rally, whoever asks |
//! | `GET /score`, `/paths`, `/events`, `/page/FILE` | a scoreboard |
//! | anything else | 404 |
//!
//! It keeps no state, needs no privileges and touches no hardware. Whatever path or header it is
//! given, it reaches nothing but its two upstreams, and on those nothing but
//! the paths above. On the admin port, which strangers do not reach, it measures the network between
//! the nodes: see `knock_up.rs`.

mod answer;
mod destination;
mod forward;
mod headers;
mod knock_up;
mod options;
mod service;

pub use options::Options;
pub use service::run;
