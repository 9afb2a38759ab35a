//! The score of a cluster whose managers and scoreboards come and go, and what it costs to show.

#[path = "../support/http.rs"]
mod http;
#[path = "../support/process.rs"]
mod process;

mod board;
mod flood;
mod totals;
