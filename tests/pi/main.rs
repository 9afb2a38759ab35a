//! Compares the GPIO registers of an emulated Pi with the output of the binary in it: see `run`.

#![expect(clippy::print_stdout, reason = "it prints both sides of the comparison")]

mod machine;
mod node;
mod rally;
mod trace;

use std::path::Path;
use std::time::{Duration, Instant};

use machine::{Board, Machine, PI3, ZERO};
use rally::Rally;
use trace::{LED_PINS, Trace};

/// How long one machine may take: twice as long as on a busy host.
const TIMEOUT: Duration = Duration::from_secs(280);

/// Minimum number of rallies observed completely on each lamp.
const MIN_RALLIES: u32 = 2;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let cache = arguments.next().expect("started by tests/pi/run or tests/pi/swarm");
    if cache == "node" {
        let [socket, url, name] = [(); 3].map(|()| arguments.next().expect("node SOCKET URL NAME"));
        return node::check(Path::new(&socket), &url, &name);
    }
    for board in arguments {
        let board = if board == "zero" { ZERO } else { PI3 };
        let started = Instant::now();
        let rallies = check(&board, Path::new(&cache));
        let lamps = board.lamps.join(", ");
        println!(
            "{}: {rallies} rallies on {lamps} in {} s\n",
            board.name,
            started.elapsed().as_secs()
        );
    }
}

/// Observes a machine from start to end, and returns how many rallies matched the registers.
fn check(board: &Board, cache: &Path) -> u32 {
    let mut machine = Machine::start(board, cache);
    let started = Instant::now();
    let mut trace = Trace::default();
    let mut rally = Rally::default();
    let mut matched = 0;
    let mut matched_in_all = 0;
    loop {
        assert!(started.elapsed() < TIMEOUT, "{}: not over in {TIMEOUT:?}", board.name);
        let line = machine.line();
        trace.add(machine.registers());
        let Some(line) = line else { continue };
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["##", "start", lamp] => {
                println!("{}, {lamp}", board.name);
                trace.start(if *lamp == "leds" { LED_PINS } else { [2, 3, 4] });
            }
            ["##", "tested", lamp] => {
                let colors = trace.flashes().iter().map(|flash| flash.light).collect::<Vec<_>>();
                assert_eq!(colors, ["red", "yellow", "green"], "light --test --lamp {lamp}");
                println!("  registers: {}", colors.join(", "));
                assert!(trace.is_dark(), "dark after the test");
                trace.clear();
            }
            ["##", "rally", ..] => {
                assert!(trace.is_dark(), "dark before a rally");
                trace.clear();
                rally = Rally::default();
            }
            ["##", "shown"] => {
                matched += u32::from(rally.compare(&trace, "pi1", true));
                assert!(trace.is_dark() && trace.are_outputs(), "dark after a rally");
            }
            ["##", "stop", _] => trace.clear(),
            ["##", "stopped", lamp, status] => {
                assert_eq!(*status, "0", "the exit code after SIGTERM");
                let lit = trace.flashes().iter().any(|flash| flash.light == "yellow");
                assert!(lit, "a rally was being shown at SIGTERM");
                // Debian's kernel makes a pin an input again that nobody has open, Raspberry Pi's does not
                // (raspberrypi/linux#6117).
                assert!(trace.is_dark(), "dark after SIGTERM");
                assert!(trace.are_outputs() || *lamp == "gpio", "outputs after SIGTERM");
                println!(
                    "  {lamp}: SIGTERM in the middle of a rally: exit code 0, registers dark\n"
                );
            }
            ["##", "trigger", trigger] => {
                assert_eq!(*trigger, "kbd-capslock", "the LED's trigger");
                println!("  the trigger of pong-green was restored: {trigger}");
            }
            ["##", "end", lamp] => {
                assert!(trace.is_dark(), "{lamp} is dark at the end");
                assert!(
                    matched >= MIN_RALLIES,
                    "{lamp}: only {matched} rallies observed on a busy host"
                );
                matched_in_all += std::mem::take(&mut matched);
            }
            ["##", "over"] => break,
            ["##", "failed", ..] => {
                machine.print_rest();
                panic!("{line}");
            }
            _ => {
                if !rally.add(&line) && !line.is_empty() {
                    println!("  {line}");
                }
            }
        }
    }
    assert!(rally::both_outcomes_shown(), "no hit or no miss was shown");
    matched_in_all
}
