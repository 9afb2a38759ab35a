//! A table-tennis match played by a Docker Swarm of Raspberry Pis.
//!
//! There is one binary for all services; the subcommand selects the service. This crate is the
//! command line, and the demo that runs a whole cluster in one process; the services are crates of
//! their own, and `game` is the game that they all play.

pub mod cli;
pub mod demo;
pub mod error;
pub mod healthcheck;
pub mod open_files;
pub mod panel;
pub mod paths;
pub mod program;
