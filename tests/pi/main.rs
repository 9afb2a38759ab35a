//! Compares what an emulated Pi's GPIO registers show with what the binary in it says: see `run`.

#![expect(clippy::print_stdout, reason = "it shows both sides of the comparison")]

mod machine;
mod rally;
mod trace;

use std::path::Path;
use std::time::{Duration, Instant};

use machine::{Board, Machine, PI3, ZERO};
use rally::Rally;
use trace::Trace;

/// How long one machine may take; twice what it does on a busy one.
const PATIENCE: Duration = Duration::from_secs(280);

/// How many rallies must have been seen on a lamp, of those that are played.
const ENOUGH: u32 = 2;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let cache = arguments.next().expect("started by tests/pi/run, which prepares the machines");
    for board in arguments {
        let board = if board == "zero" { ZERO } else { PI3 };
        let begun = Instant::now();
        let rallies = prove(&board, Path::new(&cache));
        let lamps = board.lamps.join(", ");
        println!(
            "{}: {rallies} rallies on {lamps} in {} s\n",
            board.name,
            begun.elapsed().as_secs()
        );
    }
}

/// Follows a machine from start to end, and returns how many rallies were as they were told.
fn prove(board: &Board, cache: &Path) -> u32 {
    let mut machine = Machine::start(board, cache);
    let (begun, mut proved, mut seen) = (Instant::now(), 0, 0);
    let (mut trace, mut rally) = (Trace::default(), Rally::default());
    loop {
        assert!(begun.elapsed() < PATIENCE, "{}: not over in {PATIENCE:?}", board.name);
        let line = machine.line();
        trace.add(machine.registers());
        let Some(line) = line else { continue };
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["##", "start", lamp] => {
                println!("{}, {lamp}", board.name);
                trace.begin(if *lamp == "leds" { [17, 18, 19] } else { [2, 3, 4] });
            }
            ["##", "tested", lamp] => {
                let walk = trace.flashes().iter().map(|flash| flash.light).collect::<Vec<_>>();
                assert_eq!(walk, ["red", "yellow", "green"], "light --test --lamp {lamp}");
                println!("  registers: {}", walk.join(", "));
                assert!(trace.is_dark(), "dark after the test");
                trace.clear();
            }
            ["##", "rally", ..] => {
                assert!(trace.is_dark(), "dark before a rally");
                trace.clear();
                rally = Rally::default();
            }
            ["##", "shown"] => {
                seen += u32::from(rally.compare(&trace));
                assert!(trace.is_dark() && trace.are_outputs(), "dark after a rally");
            }
            ["##", "stop", _] => trace.clear(),
            ["##", "stopped", lamp, status] => {
                assert_eq!(*status, "0", "the exit code after SIGTERM");
                let lit = trace.flashes().iter().any(|flash| flash.light == "yellow");
                assert!(lit, "a rally was shown when SIGTERM came");
                assert!(trace.is_dark() && trace.are_outputs(), "dark after SIGTERM");
                println!(
                    "  {lamp}: SIGTERM in the middle of a rally: exit code 0, registers dark\n"
                );
            }
            ["##", "trigger", trigger] => {
                assert_eq!(*trigger, "kbd-capslock", "the LED's trigger");
                println!("  the trigger that pong-green had is put back: {trigger}");
            }
            ["##", "end", lamp] => {
                assert!(trace.is_dark(), "{lamp} is dark at the end");
                assert!(seen >= ENOUGH, "{lamp}: only {seen} rallies were seen on this busy host");
                proved += std::mem::take(&mut seen);
            }
            ["##", "over"] => break,
            ["##", "failed", ..] => {
                machine.rest();
                panic!("{line}");
            }
            _ => {
                if !rally.told(&line) && !line.is_empty() {
                    println!("  {line}");
                }
            }
        }
    }
    assert!(rally::both_seen(), "a proof needs hits and misses");
    proved
}
