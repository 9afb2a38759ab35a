//! A table-tennis match played by a Docker Swarm of Raspberry Pis.
//!
//! One binary for all services; which one it is, its subcommand says. This crate is the command
//! line, and the demo that runs the whole cluster in one process; the services are crates of their
//! own, and `rally` is the game they all play.

pub mod cli;
pub mod demo;
pub mod healthcheck;
pub mod panel;
pub mod paths;
