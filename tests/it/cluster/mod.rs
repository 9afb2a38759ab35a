//! The services together, in this process, over real sockets on ports of their own.

mod allowlist;
mod clients;
mod fairness;
mod faults;
mod feed;
pub(crate) mod formats;
mod forwarding;
mod game;
mod intermediaries;
mod left_behind;
mod probabilities;
pub(crate) mod scripted_peer;
mod stop;
mod stream;
mod supervision;
mod unavailable;
mod wrong_service;
