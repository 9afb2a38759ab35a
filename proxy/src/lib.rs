//! The public door, one on every node and the only thing strangers reach.
//!
//! | request | goes to |
//! |---|---|
//! | `GET /` | a scoreboard's page if the client prefers HTML, else a manager: a rally |
//! | `GET /rally` | a manager: a rally, whoever asks |
//! | `GET /score`, `/events`, `/page/FILE` | a scoreboard |
//! | anything else | 404 |
//!
//! It keeps no state, needs no privileges and touches no hardware. Whatever path or header it is
//! given, it reaches nothing but the addresses its two options resolve to, and on those nothing but
//! the paths above.

mod answer;
mod destination;
mod forward;
mod headers;
mod options;
mod service;

pub use options::Options;
pub use service::run;
