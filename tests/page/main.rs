//! The page in a real browser: Chromium, driven through its own driver.
//!
//! `tests/page/run` runs it and says what is missing; `cargo test` leaves it out. Pictures of the
//! page are left in `target/page`, and the README's in `docs/page.png`.

#![cfg(unix)]
#![allow(clippy::print_stdout, reason = "how long people wait is shown with --nocapture")]

mod browser;
mod cluster;
mod connection;
mod layout;
mod names;
mod paths;
mod pictures;
mod placement;
mod serving;

#[path = "../support/alone.rs"]
mod alone;
#[path = "../support/dns.rs"]
#[allow(dead_code, reason = "this one is never in trouble")]
mod dns;
#[path = "../support/named.rs"]
mod named;
#[path = "../support/process.rs"]
mod process;
