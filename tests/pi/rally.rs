//! The lines of a rally beside the flashes of the lamp.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::trace::Trace;

static HIT: AtomicBool = AtomicBool::new(false);
static MISS: AtomicBool = AtomicBool::new(false);

/// Returns whether the lamp has shown both hits and misses.
pub(crate) fn both_outcomes_shown() -> bool {
    HIT.load(Ordering::Relaxed) && MISS.load(Ordering::Relaxed)
}

/// The lines of a rally.
#[derive(Default)]
pub(crate) struct Rally(Vec<String>);

impl Rally {
    /// Returns how many strokes it has.
    pub(crate) fn strokes(&self) -> usize {
        self.0.iter().filter(|line| line.contains(" --> ")).count()
    }

    /// Returns whether a player of a node has played in it.
    pub(crate) fn has_player_of(&self, node: &str) -> bool {
        self.0.iter().any(|line| line.contains(&format!("@{node} ")))
    }

    /// Adds a line if it belongs to a rally; returns whether it does.
    pub(crate) fn add(&mut self, line: &str) -> bool {
        let is_one = line.contains(" --> ") || line.starts_with("The winner") || line == "DRAW";
        if is_one {
            self.0.push(line.to_owned());
        }
        is_one
    }

    /// Compares the strokes on the lamp's node, and whether its proxy carried the rally, with the flashes, in
    /// kind, number and order; returns whether the observation was complete.
    pub(crate) fn compare(&self, trace: &Trace, node: &str, is_carried: bool) -> bool {
        let flashes = trace.flashes();
        let mut strokes = flashes.iter().filter(|flash| flash.light != "yellow");
        let mut expected = Vec::new();
        for line in &self.0 {
            let here = line.contains(&format!("@{node} "));
            let light = if line.contains(" HIT ") { "green" } else { "red" };
            if !here {
                println!("    {line}");
                continue;
            }
            expected.push(light);
            let seen = if light == "green" { &HIT } else { &MISS };
            seen.store(true, Ordering::Relaxed);
            let shown = strokes.next().map_or("nothing".to_owned(), |flash| {
                let (at, lasted) = (flash.at.as_secs_f64(), flash.lasted.as_millis());
                format!("{:<5} at {at:.3} s for {lasted} ms", flash.light)
            });
            println!("    {line:<44} {shown}");
        }
        assert!(!self.0.is_empty(), "no rally was played");
        let shown = flashes.iter().map(|flash| flash.light);
        let shown: Vec<_> = shown.filter(|light| *light != "yellow").collect();
        if let Some(gap) = trace.gap().filter(|_| shown != expected) {
            println!(
                "    incomplete: the host was busy, the registers were not read for {} ms",
                gap.as_millis()
            );
            return false;
        }
        assert_eq!(shown, expected, "a flash for each stroke of a player on this node");
        let carried = flashes.iter().filter(|flash| flash.light == "yellow").collect::<Vec<_>>();
        let times = if is_carried { "once" } else { "never" };
        assert_eq!(carried.len(), usize::from(is_carried), "yellow {times}: {carried:?}");
        for flash in carried {
            println!(
                "    carried by this node's proxy: yellow for {} ms",
                flash.lasted.as_millis()
            );
        }
        true
    }
}
