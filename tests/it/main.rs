//! The real binary and the services, over real sockets: one module for each subject.

#![cfg(unix)]
#![allow(clippy::print_stdout, reason = "what it took and cost is shown with --nocapture")]

mod support;

mod cli;
mod cluster;
mod deploy;
mod dns;
mod light;
mod paths;
mod score;
