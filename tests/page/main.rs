//! The page in a real browser: Chromium, driven through chromedriver.
//!
//! `tests/page/run` runs these tests and says what is missing; `cargo test` leaves them out. They
//! leave pictures of the page in `target/page`, and the README's in `docs/page.png`.

#![cfg(unix)]
#![allow(clippy::print_stdout, reason = "how long people wait is shown with --nocapture")]

#[path = "../it/support/mod.rs"]
mod support;

mod browser;
mod cluster;
mod connection;
mod layout;
mod loading;
mod moving;
mod names;
mod paths;
mod pictures;
mod placement;
mod relay;
mod scripted;
mod serving;
mod trouble;
