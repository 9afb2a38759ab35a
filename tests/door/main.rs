//! What strangers do to a public port, from raw sockets against the real binary: how much memory it
//! takes, and whether others still get their rallies.
//!
//! `cargo test --test door` has a short form of each attack; `cargo test --release --test door -- full`
//! the long one. Words on the command line choose the attacks whose names contain one of them.

#![cfg(unix)]
#![allow(clippy::print_stdout, reason = "the table is what it is for")]

#[path = "../it/support/mod.rs"]
mod support;

mod attack;
mod attacks;
mod cluster;
mod memory;
mod players;

use std::process::ExitCode;
use std::time::Duration;

use attack::Attack;
use cluster::Cluster;
use players::{Played, play};

/// The budgets of memory, in megabytes.
const PROXY_MB: f64 = 24.0;
const SERVICE_MB: f64 = 16.0;

/// How much of it the debug binary may have beyond: its code alone is ten times as large.
const DEBUG_MB: f64 = if cfg!(debug_assertions) { 16.0 } else { 0.0 };

fn main() -> ExitCode {
    server::open_files::raise_limit();
    let mut words: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_full = words.iter().any(|word| word == "full");
    words.retain(|word| word != "full");
    let time = Duration::from_secs(if is_full { 10 } else { 2 });
    println!(
        "{:<34} {:>6} {:>9} {:>9} {:>11} {:>8} {:>8} {:>9} {:>9}",
        "attack",
        "conns",
        "sent MB",
        "proxy MB",
        "service MB",
        "rallies",
        "failed",
        "p99 ms",
        "at rest"
    );
    let chosen = attacks::all().into_iter();
    let chosen = chosen
        .filter(|attack| words.is_empty() || words.iter().any(|word| attack.name.contains(word)));
    let failed = chosen.filter(|attack| !holds(attack, time)).count();
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Attacks a new cluster, prints what came of it, and returns whether it has kept to its budget and
/// every rally was played.
fn holds(attack: &Attack, time: Duration) -> bool {
    let cluster = Cluster::start();
    let at_rest = play(cluster.proxy.listen, time / 2);
    cluster.reset_peaks();
    let running = attack.start(&cluster, time);
    let played: Played = play(cluster.proxy.listen, time);
    let (connections, sent) = running.join().expect("no panic");
    let (proxy, service) = cluster.peaks();
    println!(
        "{:<34} {connections:>6} {:>9.1} {proxy:>9.1} {service:>11.1} {:>8} {:>8} {:>9.1} {:>9.1}",
        attack.name,
        sent as f64 / 1e6,
        played.rallies,
        played.failures.len(),
        played.p99().as_secs_f64() * 1e3,
        at_rest.p99().as_secs_f64() * 1e3,
    );
    played.failures.iter().take(3).for_each(|failure| println!("  {failure}"));
    let lines = cluster.proxy.log_lines().len();
    let is_quiet = lines < 100;
    if !is_quiet {
        println!("  {lines} log lines");
    }
    let fits = proxy <= PROXY_MB + DEBUG_MB && service <= SERVICE_MB + DEBUG_MB;
    fits && is_quiet && played.failures.is_empty() && played.rallies > 0
}
