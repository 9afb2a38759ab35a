//! The command line: the real binary, as the person at the shell and Docker see it.

#[path = "../support/metrics.rs"]
mod documented;
#[path = "../support/http.rs"]
mod http;
#[path = "../support/process.rs"]
mod process;

mod failover;
mod healthcheck;
mod help;
mod log;
mod metrics;
mod refusals;
mod settings;
mod start;
