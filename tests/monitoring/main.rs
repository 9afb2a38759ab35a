//! A real Prometheus scrapes the match as `monitoring/prometheus.yml` says: real DNS, real processes,
//! on the ports and under the names that a Swarm has, in a network of the test's own.
//!
//! `tests/monitoring/run` runs it and says what is missing; `cargo test` leaves it out. What Prometheus
//! saw is left in `target/monitoring/seen.txt`.

#![cfg(unix)]

#[path = "../support/alone.rs"]
mod alone;
#[path = "../support/dns.rs"]
#[allow(dead_code, reason = "this one is never in trouble")]
mod dns;
#[path = "../support/metrics.rs"]
mod documented;
#[path = "../support/http.rs"]
mod http;
#[path = "../support/named.rs"]
mod named;
#[path = "../support/process.rs"]
mod process;
#[path = "../support/prometheus.rs"]
mod prometheus;

mod clients;
mod dashboard;
mod rules;
mod scraped;
