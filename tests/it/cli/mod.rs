//! The command line: the real binary, as the person at the shell and Docker see it.

mod dates;
mod environment;
mod failover;
mod healthcheck;
mod help;
mod limits;
mod log;
mod metrics;
mod open_files;
mod refusals;
mod settings;
mod start;
mod terminal;
