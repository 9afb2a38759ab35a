//! Feeds each parser of what strangers and peers send with mutations of the inputs in `corpus/`.
//!
//! `cargo test --test fuzz -- [--seconds N] [TARGET…]` runs the targets whose names contain one of
//! these words, all unless there are any, for N seconds each, 1 by default. A target fails when an
//! input makes its parser panic, breaks one of the rules in the target's file, or takes far more
//! memory than it is long. Such an input is made as small as possible, printed, and saved in the
//! corpus, where it is tried first from then on.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command that prints what it found"
)]

mod corpus;
mod datagrams;
mod documents;
mod heads;
mod inputs;
mod names;
mod paces;
mod pieces;
mod port_answers;
mod probe_answers;
mod sse;
mod target;

use std::process::ExitCode;
use std::time::Duration;

use peak_alloc::PeakAlloc;

use crate::target::Target;

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const TARGETS: [Target; 8] = [
    Target { name: "sse", check: sse::check },
    Target { name: "names", check: names::check },
    Target { name: "probe-answers", check: probe_answers::check },
    Target { name: "port-answers", check: port_answers::check },
    Target { name: "datagrams", check: datagrams::check },
    Target { name: "paces", check: paces::check },
    Target { name: "documents", check: documents::check },
    Target { name: "heads", check: heads::check },
];

fn main() -> ExitCode {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let mut seconds = 1;
    if let Some(at) = words.iter().position(|word| word == "--seconds") {
        let end = words.len().min(at + 2);
        let value = words.drain(at..end).nth(1).and_then(|value| value.parse().ok());
        seconds = value.expect("--seconds takes a whole number");
    }
    // Other options are those of cargo's own tests.
    words.retain(|word| !word.starts_with('-'));
    let is_chosen = |target: &&Target| {
        words.is_empty() || words.iter().any(|word| target.name.contains(word.as_str()))
    };
    // A panic is a finding, and is printed as one.
    std::panic::set_hook(Box::new(|_| {}));
    let chosen = TARGETS.iter().filter(is_chosen);
    let failed = chosen.filter(|target| !target.fuzz(Duration::from_secs(seconds))).count();
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
