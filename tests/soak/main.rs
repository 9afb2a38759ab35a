//! A soak: real processes are killed, stopped, paused and cut off at random, while clients check
//! every answer against the rules and each other: see `run`.

#[path = "../swarm/counters.rs"]
#[allow(dead_code, reason = "not every test binary needs all of it")]
mod counters;
#[path = "../swarm/response.rs"]
#[allow(dead_code, reason = "not every test binary needs all of it")]
mod response;
#[path = "../it/support/mod.rs"]
mod support;

mod accounts;
mod cluster;
mod fault;
mod judge;
mod load;
mod relay;
mod resources;
mod table;
mod tally;
mod task;
mod violations;

use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use tokio::signal::ctrl_c;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::cluster::{Cluster, SERVICES};
use crate::load::Load;
use crate::resources::Resources;
use crate::table::print;
use crate::tally::Tally;
use crate::violations::Violations;

/// How many seconds pass between two lines of progress.
const PROGRESS: u64 = 5;

/// Options of a soak.
#[derive(Debug, Parser)]
struct Options {
    /// Seed of the series of faults; the same seed repeats it [default: random]
    #[arg(long)]
    seed: Option<u64>,

    /// Rallies to play, instead of for a time
    #[arg(long)]
    rallies: Option<u64>,

    /// How long to play, in seconds
    #[arg(long, default_value_t = 60)]
    seconds: u64,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let violations = runtime.expect("a runtime").block_on(soak(&options));
    if violations == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Plays as long as the options say; returns how many violations there were.
async fn soak(options: &Options) -> usize {
    let seed = options.seed.unwrap_or_else(rand::random);
    print(&format!("seed {seed}: to repeat this series of faults, --seed {seed}"));
    let violations = Arc::new(Violations::default());
    let cluster = Cluster::start().await;
    cluster.until_ready().await;
    let tally = Arc::new(Tally::new(&cluster, &violations));
    let load = Load::start(&cluster, &tally);
    let stop = CancellationToken::new();
    let faults = cluster.suffer(seed, &stop, &violations);
    let mut used = Resources::default();
    let mut seconds = interval(Duration::from_secs(1));
    seconds.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let begun = Instant::now();
    let mut interrupt = pin!(ctrl_c());
    loop {
        let interrupted = tokio::select! {
            _ = &mut interrupt => true,
            _ = seconds.tick() => false,
        };
        used.sample(&cluster, &violations);
        let rallies = tally.read(|counts| counts.rallies);
        let passed = begun.elapsed().as_secs();
        let is_over = interrupted
            || match options.rallies {
                Some(wanted) => rallies >= wanted,
                None => passed >= options.seconds,
            };
        if passed.is_multiple_of(PROGRESS) || is_over {
            let faults = cluster.fault_count();
            let bad = violations.count();
            print(&format!(
                "{passed:>5} s {rallies:>9} rallies {faults:>5} faults {bad} violations"
            ));
        }
        if is_over {
            break;
        }
    }
    let took = begun.elapsed().as_secs_f64();
    stop.cancel();
    faults.join_all().await;
    tokio::task::spawn_blocking(|| load.stop()).await.expect("clients end");
    let account = accounts::compare(&cluster, &tally, &violations).await;
    judge::check(&cluster, &tally, &violations);
    SERVICES.iter().for_each(|service| used.check(service, &violations));
    table::print_all(&cluster, &tally, &account, &used);
    cluster.stop(&violations).await;
    let rallies = tally.read(|counts| counts.rallies);
    let count = violations.count();
    let rate = rallies as f64 / took;
    print(&format!(
        "\n{rallies} rallies in {took:.0} s, {rate:.0}/s; {count} violations; seed {seed}"
    ));
    count
}
