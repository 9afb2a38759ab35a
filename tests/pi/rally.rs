//! What the binary said of a rally, beside what the registers showed.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::trace::Trace;

static HIT: AtomicBool = AtomicBool::new(false);
static MISS: AtomicBool = AtomicBool::new(false);

/// Tells whether a hit and a miss have been seen on the lamp.
pub(crate) fn both_seen() -> bool {
    HIT.load(Ordering::Relaxed) && MISS.load(Ordering::Relaxed)
}

/// The lines of a rally.
#[derive(Default)]
pub(crate) struct Rally(Vec<String>);

impl Rally {
    /// Takes a line in, if it is one of a rally.
    pub(crate) fn told(&mut self, line: &str) -> bool {
        let is_one = line.contains(" --> ") || line.starts_with("The winner") || line == "DRAW";
        if is_one {
            self.0.push(line.to_owned());
        }
        is_one
    }

    /// Compares each stroke on the lamp's node with each flash, in kind, number and order; tells
    /// whether everything could be seen.
    pub(crate) fn compare(&self, trace: &Trace) -> bool {
        let flashes = trace.flashes();
        let strokes = flashes.iter().filter(|flash| flash.light != "yellow");
        let mut strokes = strokes.peekable();
        let mut wanted = Vec::new();
        for line in &self.0 {
            let here = line.contains("@pi1 ");
            let light = if line.contains(" HIT ") { "green" } else { "red" };
            if !here {
                println!("    {line}");
                continue;
            }
            wanted.push(light);
            let seen = if light == "green" { &HIT } else { &MISS };
            seen.store(true, Ordering::Relaxed);
            let shown = strokes.next().map_or("nothing".to_owned(), |flash| {
                let (at, lasted) = (flash.at.as_secs_f64(), flash.lasted.as_millis());
                format!("{:<5} at {at:.3} s for {lasted} ms", flash.light)
            });
            println!("    {line:<44} {shown}");
        }
        assert!(!self.0.is_empty(), "a rally was played");
        let shown = flashes.iter().map(|flash| flash.light);
        let shown: Vec<_> = shown.filter(|light| *light != "yellow").collect();
        if let Some(blind) = trace.was_blind().filter(|_| shown != wanted) {
            println!(
                "    not all seen: the host was busy, nobody looked for {} ms",
                blind.as_millis()
            );
            return false;
        }
        assert_eq!(shown, wanted, "a flash for each stroke of a player on this node");
        let carried = flashes.iter().filter(|flash| flash.light == "yellow").collect::<Vec<_>>();
        let [carried] = carried.as_slice() else { panic!("yellow once a rally: {carried:?}") };
        println!("    carried by this node's proxy: yellow for {} ms", carried.lasted.as_millis());
        true
    }
}
