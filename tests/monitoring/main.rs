//! A real Prometheus scrapes the match as configured in `monitoring/prometheus.yml`: real DNS and real
//! processes, on the ports and under the names that a Swarm has, in a network of the test's own.
//!
//! `tests/monitoring/run` runs it and checks what is missing; `cargo test` leaves it out. A summary of
//! what Prometheus recorded is in `target/monitoring/seen.txt`.

#![cfg(unix)]

#[path = "../it/support/mod.rs"]
mod support;

mod clients;
mod dashboard;
mod rules;
mod scraped;
