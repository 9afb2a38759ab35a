//! Compares the registers of an emulated Pi that is a node of a Swarm with rallies that are asked of another node.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::machine::{Monitor, PI3, READ_INTERVAL};
use crate::rally::{Rally, both_outcomes_shown};
use crate::trace::{LED_PINS, Trace};

/// How many rallies are compared, and how many are asked for until then.
const WANTED: u32 = 5;
const MAX_RALLIES: u32 = 60;

/// How long a lamp takes for a stroke, and how much later it may begin.
const BEAT: Duration = Duration::from_millis(150);
const DELAY: Duration = Duration::from_secs(3);

/// Asks a node for rallies at a URL until enough of them were seen at the lamp of the Pi of this name, whose
/// emulator listens at a socket.
pub(crate) fn check(socket: &Path, url: &str, name: &str) {
    let mut monitor = Monitor::connect(socket, &PI3);
    let mut trace = Trace::default();
    let mut matched = 0;
    for _ in 0..MAX_RALLIES {
        trace.start(LED_PINS);
        let mut read_until = |is_over: &dyn Fn() -> bool| {
            while !is_over() {
                trace.add(monitor.registers());
                std::thread::sleep(READ_INTERVAL);
            }
        };
        // The lamp may begin while the rally is still played.
        let playing = std::thread::spawn({
            let url = url.to_owned();
            move || play(&url)
        });
        read_until(&|| playing.is_finished());
        let rally = playing.join().expect("a rally");
        let until = Instant::now() + BEAT * rally.strokes() as u32 + DELAY;
        read_until(&|| Instant::now() >= until);
        assert!(trace.is_dark() && trace.are_outputs(), "dark after a rally");
        println!("  a rally asked of {url}");
        let is_complete = rally.compare(&trace, name, false);
        matched += u32::from(is_complete && rally.has_player_of(name));
        if matched >= WANTED && both_outcomes_shown() {
            println!(
                "{matched} rallies in which a player of {name} took part, each as its registers say"
            );
            return;
        }
    }
    panic!("only {matched} of {MAX_RALLIES} rallies with a player of {name} could be compared");
}

/// Plays a rally and returns its lines.
fn play(url: &str) -> Rally {
    let curl = Command::new("curl").args(["--silent", "--fail", "--max-time", "20", url]).output();
    let curl = curl.expect("curl starts");
    assert!(curl.status.success(), "no rally from {url}");
    let mut rally = Rally::default();
    let text = String::from_utf8(curl.stdout).expect("text");
    for line in text.lines() {
        rally.add(line);
    }
    rally
}
