//! The match on a real Docker Swarm of three nodes: scaled, rolled, drained, killed and cut apart,
//! and not one rally lost.
//!
//! `tests/swarm/run` starts it. Words on the command line choose the scenarios whose names contain
//! one of them; the first, which deploys the stack, is always played.

use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::time::Instant;

use futures_util::FutureExt;
use futures_util::future::LocalBoxFuture;
use tokio::sync::mpsc;

use crate::board::Boards;
use crate::ledger::Ledger;
use crate::stage::Stage;
use crate::table::{Line, say};
use crate::watch::Watch;

mod accounting;
mod answer;
mod board;
mod deploy;
mod drain;
mod follow;
mod health;
mod kill;
mod lamps;
mod ledger;
mod load;
mod lost;
mod nobody;
mod paths;
mod prometheus;
mod roll;
mod scale;
mod sick;
mod stage;
mod swarm;
mod table;
mod watch;

type Scenario = for<'a> fn(&'a mut Stage) -> LocalBoxFuture<'a, ()>;

/// Every scenario by its name, in the order they are played.
const SCENARIOS: [(&str, Scenario); 13] = [
    ("plain", |stage| deploy::plain(stage).boxed_local()),
    ("deploy", |stage| deploy::stack(stage).boxed_local()),
    ("lamps", |stage| lamps::follow_the_ball(stage).boxed_local()),
    ("scale", |stage| scale::stack(stage).boxed_local()),
    ("roll", |stage| roll::there_and_back(stage).boxed_local()),
    ("sick", |stage| sick::update(stage).boxed_local()),
    ("drain", |stage| drain::a_node(stage).boxed_local()),
    ("lost", |stage| lost::a_node(stage).boxed_local()),
    ("cut", |stage| lost::a_cable(stage).boxed_local()),
    ("paths", |stage| paths::each_trouble_named(stage).boxed_local()),
    ("nobody", |stage| nobody::serves(stage).boxed_local()),
    ("health", |stage| health::of_the_frozen_and_the_busy(stage).boxed_local()),
    // The last: Swarm keeps new tasks away from nodes where many have failed, so they crowd together.
    ("kill", |stage| kill::every_kind(stage).boxed_local()),
];

/// Those that are played only when they are named, for the others take six minutes: one asks after the
/// lights and one after the network, not after rallies under load; one has been played by then, on
/// plain services, which `tests/deploy` holds to the stack's.
const ON_REQUEST: [&str; 3] = ["lamps", "scale", "paths"];

fn main() -> ExitCode {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    if wanted == ["follow"] {
        runtime.block_on(follow::follow());
        // Reading stdin cannot be broken off.
        runtime.shutdown_background();
        return ExitCode::SUCCESS;
    }
    if let [get, url] = wanted.as_slice()
        && get == "get"
    {
        runtime.block_on(prometheus::get(url));
        return ExitCode::SUCCESS;
    }
    let good = runtime.block_on(play(&wanted));
    if good { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn play(wanted: &[String]) -> bool {
    let (started, starts) = mpsc::unbounded_channel();
    let ledger = Ledger::default();
    tokio::spawn(follow::all(starts, ledger.clone()));
    let mut stage = Stage {
        watch: Watch::start(&started),
        ledger,
        boards: Boards::default(),
        lines: Vec::new(),
        begun: Instant::now(),
    };
    for (name, scenario) in SCENARIOS {
        let named = wanted.iter().any(|word| name.contains(word.as_str()));
        let chosen = named || wanted.is_empty() && !ON_REQUEST.contains(&name);
        if !chosen && name != "deploy" {
            continue;
        }
        let played = AssertUnwindSafe(scenario(&mut stage)).catch_unwind().await;
        if let Err(panic) = played {
            let said = panic.downcast_ref::<String>().map(String::as_str);
            let said = said.or_else(|| panic.downcast_ref::<&str>().copied());
            let mut line = Line::new(name, 0.0);
            line.faults.push(said.unwrap_or("failed").to_owned());
            line.tell();
            stage.lines.push(line);
            say("   the scenarios after this one are not played");
            break;
        }
    }
    table::show(&stage.lines)
}
