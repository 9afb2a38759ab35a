//! What strangers do to a public port, from raw sockets against the real binary: how much memory it
//! takes, and whether others still get their rallies.
//!
//! `cargo test --test door` has a short form of each attack; `cargo test --release --test door -- full`
//! the long one. Words on the command line choose the attacks whose names contain one of them.
//!
//! With a release build, that of `PONG_BINARY` or the one built with `--release`, and as root, each service
//! also has a real limit of 32 MB, which counts its connections' memory in the kernel.

#![cfg(unix)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the table is what it is for")]

#[path = "../it/support/mod.rs"]
mod support;

mod attack;
mod attacks;
mod cluster;
mod limit;
mod memory;
mod players;

use std::process::ExitCode;
use std::thread::spawn;
use std::time::Duration;

use attack::Attack;
use cluster::{Cluster, Peaks};
use limit::{LIMIT_MB, Limit};
use players::{Played, play};
use tokio::signal::ctrl_c;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// The budgets of memory, in megabytes.
const PROXY_MB: f64 = 24.0;
const SERVICE_MB: f64 = 16.0;

/// How much of it a debug build may have beyond: its code alone is ten times as large.
const DEBUG_MB: f64 = 16.0;

/// How the attacks are made.
#[derive(Clone, Copy)]
struct Conditions {
    /// How long each takes.
    time: Duration,
    /// Whether the services have real limits of memory.
    limited: bool,
    /// What a service may have beyond its budget, in megabytes.
    allowance: f64,
}

fn main() -> ExitCode {
    server::open_files::raise_limit();
    limit::clear();
    let (ended, end) = oneshot::channel();
    spawn(|| ended.send(attack_all()));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let holds = runtime.expect("a runtime").block_on(async {
        let mut terminated = signal(SignalKind::terminate()).expect("a signal");
        tokio::select! {
            holds = end => holds.unwrap_or(false),
            _ = ctrl_c() => false,
            _ = terminated.recv() => false,
        }
    });
    limit::clear();
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Makes the attacks that the command line chooses; returns whether the services have withstood all of
/// them.
fn attack_all() -> bool {
    let mut words: Vec<String> =
        std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let is_full = words.iter().any(|word| word == "full");
    words.retain(|word| word != "full");
    let is_debug = cfg!(debug_assertions) && std::env::var_os("PONG_BINARY").is_none();
    let conditions = Conditions {
        time: Duration::from_secs(if is_full { 10 } else { 2 }),
        limited: !is_debug && can_be_limited(),
        allowance: if is_debug { DEBUG_MB } else { 0.0 },
    };
    println!(
        "{:<34} {:>6} {:>9} {:>9} {:>11} {:>10} {:>8} {:>8} {:>9} {:>9}",
        "attack",
        "conns",
        "sent MB",
        "proxy MB",
        "service MB",
        "cgroup MB",
        "rallies",
        "failed",
        "p99 ms",
        "at rest"
    );
    let chosen = attacks::all().into_iter();
    let chosen = chosen
        .filter(|attack| words.is_empty() || words.iter().any(|word| attack.name.contains(word)));
    // Each of them, whatever became of those before.
    chosen.filter(|attack| !holds(attack, conditions)).count() == 0
}

/// Returns whether limits can be set, and says so if they cannot.
fn can_be_limited() -> bool {
    let limit = Limit::new("test");
    if let Err(error) = &limit {
        println!("no real limits of memory, which take root and cgroups: {error}");
    }
    limit.is_ok()
}

/// Attacks a new cluster, prints what came of it, and returns whether it has kept to its budget and
/// every rally was played.
fn holds(attack: &Attack, conditions: Conditions) -> bool {
    let Conditions { time, limited, allowance } = conditions;
    let cluster = Cluster::start(limited).expect("limits that could be set");
    let proxy = cluster.proxy.process.listen;
    let at_rest = play(proxy, time / 2);
    cluster.reset_peaks();
    let running = attack.start(cluster.port(attack.service), time);
    let played: Played = play(proxy, time);
    let (connections, sent) = running.join().expect("no panic");
    let Peaks { proxy, service, cgroup } = cluster.peaks();
    println!(
        "{:<34} {connections:>6} {:>9.1} {proxy:>9.1} {service:>11.1} {:>10} {:>8} {:>8} {:>9.1} {:>9.1}",
        attack.name,
        sent as f64 / 1e6,
        cgroup.map_or_else(|| "-".to_owned(), |peak| format!("{peak:.1}")),
        played.rallies,
        played.failures.len(),
        played.p99().as_secs_f64() * 1e3,
        at_rest.p99().as_secs_f64() * 1e3,
    );
    played.failures.iter().take(3).for_each(|failure| println!("  {failure}"));
    let lines = cluster.proxy.process.log_lines().len();
    let is_quiet = lines < 100;
    if !is_quiet {
        println!("  {lines} log lines");
    }
    let killed = cluster.killed();
    killed.iter().for_each(|name| println!("  {name} was killed: it exceeded {LIMIT_MB} MB"));
    let fits = proxy <= PROXY_MB + allowance
        && service <= SERVICE_MB + allowance
        && cgroup.is_none_or(|peak| peak <= LIMIT_MB)
        && killed.is_empty();
    fits && is_quiet && played.failures.is_empty() && played.rallies > 0
}
