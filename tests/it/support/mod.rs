//! What tests share. `tests/page`, `tests/monitoring` and the benches include it too.

#![allow(dead_code, reason = "not every test binary needs all of it")]

pub(crate) mod dns;
pub(crate) mod http;
pub(crate) mod log;
pub(crate) mod match_;
pub(crate) mod memory;
pub(crate) mod metrics;
pub(crate) mod netns;
pub(crate) mod output;
pub(crate) mod peer;
pub(crate) mod ports;
pub(crate) mod process;
pub(crate) mod prometheus;
pub(crate) mod services;
pub(crate) mod swarm;
pub(crate) mod wait;
