//! The match on a real Docker Swarm of three nodes: scaled, updated, drained, killed and partitioned,
//! without losing a rally.
//!
//! `tests/swarm/run` starts it. Words on the command line choose the scenarios whose names start with
//! one of them; the first, which deploys the stack, is always played.

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use tokio::sync::mpsc;

use crate::docker_events::DockerEvents;
use crate::ledger::Ledger;
use crate::scenario::TestRun;
use crate::scoreboard::Scoreboards;
use crate::table::{Line, print};

mod accounting;
mod alarm;
#[path = "../door/attack.rs"]
mod attack;
#[path = "../door/attacks.rs"]
mod attacks;
mod by_hand;
mod cost;
mod counters;
mod deploy;
mod docker_events;
mod docker_run;
mod drain;
mod faults;
mod feeds;
mod health;
mod hundred;
mod idle;
mod ingress;
mod kill;
mod lamps;
mod ledger;
mod load;
mod lying_dns;
mod namesakes;
mod no_players;
mod node_loss;
mod paths;
mod prometheus;
mod proxies;
mod published;
mod response;
mod roll;
mod scale;
mod scenario;
mod scoreboard;
mod slow;
mod small_subnet;
mod strangers;
mod swarm;
mod table;
mod unhealthy;
mod wait;
mod wrong_service;

type Play = for<'a> fn(&'a mut TestRun) -> LocalBoxFuture<'a, ()>;

/// Every scenario by its name, in the order they are played.
const SCENARIOS: [(&str, Play); 27] = [
    ("plain", |run| deploy::plain(run).boxed_local()),
    ("image", |run| docker_run::published(run).boxed_local()),
    ("by_hand", |run| by_hand::service_by_service(run).boxed_local()),
    ("subnet", |run| small_subnet::filled(run).boxed_local()),
    ("idle", |run| idle::healthchecks(run).boxed_local()),
    ("ingress", |run| ingress::both_files(run).boxed_local()),
    ("slow", |run| slow::nodes(run).boxed_local()),
    ("deploy", |run| deploy::stack(run).boxed_local()),
    ("lamps", |run| lamps::match_the_strokes(run).boxed_local()),
    ("scale", |run| scale::stack(run).boxed_local()),
    ("foreign", |run| wrong_service::took_addresses(run).boxed_local()),
    ("strangers", |run| strangers::at_a_node(run).boxed_local()),
    ("hundred", |run| hundred::players(run).boxed_local()),
    ("roll", |run| roll::there_and_back(run).boxed_local()),
    ("unhealthy", |run| unhealthy::update(run).boxed_local()),
    ("drain", |run| drain::a_node(run).boxed_local()),
    ("node_loss", |run| node_loss::a_node(run).boxed_local()),
    ("partition", |run| node_loss::a_partition(run).boxed_local()),
    ("paths", |run| paths::each_failure_is_reported(run).boxed_local()),
    ("faults", |run| faults::one_by_one(run).boxed_local()),
    ("loss", |run| faults::a_slight_loss(run).boxed_local()),
    ("alarm", |run| alarm::none_is_false(run).boxed_local()),
    ("published", |run| published::closed_for_one_node(run).boxed_local()),
    ("no_players", |run| no_players::of_ping(run).boxed_local()),
    ("health", |run| health::under_load_and_when_frozen(run).boxed_local()),
    ("namesakes", |run| namesakes::are_told_apart(run).boxed_local()),
    // Last, because Swarm avoids nodes where many tasks have failed, so new tasks crowd together.
    ("kill", |run| kill::every_kind(run).boxed_local()),
];

/// Scenarios played only when they are named, so that the others take six minutes. They are about the
/// image, its checks, the lights and the network, not about rallies under load; or have been played on plain
/// services, which `tests/it/deploy` checks to be the same as the stack's; or need a quiet machine.
const ON_REQUEST: [&str; 17] = [
    "by_hand",
    "image",
    "subnet",
    "idle",
    "ingress",
    "slow",
    "lamps",
    "scale",
    "foreign",
    "strangers",
    "hundred",
    "paths",
    "faults",
    "loss",
    "published",
    "alarm",
    "namesakes",
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    if arguments == ["scores"] {
        runtime.block_on(feeds::print_scores());
        // A pending read of stdin cannot be canceled.
        runtime.shutdown_background();
        return ExitCode::SUCCESS;
    }
    if let [get, url] = arguments.as_slice()
        && get == "get"
    {
        runtime.block_on(prometheus::get(url));
        return ExitCode::SUCCESS;
    }
    if let [lie, dns, address] = arguments.as_slice()
        && lie == "lie"
    {
        lying_dns::serve(dns, address);
        return ExitCode::SUCCESS;
    }
    let passed = runtime.block_on(play(&arguments));
    if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn play(words: &[String]) -> bool {
    let (started, starts) = mpsc::unbounded_channel();
    let ledger = Ledger::default();
    tokio::spawn(feeds::subscribe(starts, ledger.clone()));
    let mut run = TestRun {
        events: DockerEvents::start(&started),
        ledger,
        scoreboards: Scoreboards::default(),
        lines: Vec::new(),
        started: Instant::now(),
    };
    for (name, scenario) in SCENARIOS {
        let named = words.iter().any(|word| name.starts_with(word.as_str()));
        let chosen = named || words.is_empty() && !ON_REQUEST.contains(&name);
        if !chosen && name != "deploy" {
            continue;
        }
        let played = AssertUnwindSafe(scenario(&mut run)).catch_unwind().await;
        if let Err(panic) = played {
            let message = panic.downcast_ref::<String>().map(String::as_str);
            let message = message.or_else(|| panic.downcast_ref::<&str>().copied());
            let mut line = Line::new(name, 0.0);
            line.faults.push(message.unwrap_or("failed").to_owned());
            line.print_details();
            run.lines.push(line);
            print("   the scenarios after this one are not played");
            break;
        }
    }
    table::print_all(&run.lines)
}
