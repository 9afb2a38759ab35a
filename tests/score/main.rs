//! The score of a cluster whose managers and scoreboards come and go, and what it costs to show.

#![allow(clippy::print_stdout, reason = "what it took and cost is shown with --nocapture")]

#[path = "../support/http.rs"]
mod http;
#[path = "../support/process.rs"]
mod process;

mod answers;
mod board;
mod flood;
mod totals;
