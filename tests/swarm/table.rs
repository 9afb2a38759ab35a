//! The table of scenarios, a line each.

use std::io::Write;
use std::time::Duration;

/// What one scenario came to.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pub(crate) scenario: String,
    pub(crate) asked: usize,
    pub(crate) answered: usize,
    pub(crate) failed: usize,
    pub(crate) lets: usize,
    /// 503 because a side had no players.
    pub(crate) refused: usize,
    /// Found a port closed that the scenario closes.
    pub(crate) closed: usize,
    pub(crate) slowest: Duration,
    pub(crate) seconds: f64,
    pub(crate) notes: Vec<String>,
    pub(crate) faults: Vec<String>,
}

impl Line {
    pub(crate) fn new(scenario: &str, seconds: f64) -> Self {
        Self { scenario: scenario.to_owned(), seconds, ..Self::default() }
    }

    /// Tells what happened at once; the table comes at the end.
    pub(crate) fn tell(&self) {
        self.notes.iter().for_each(|note| say(&format!("   {note}")));
        for fault in self.faults.iter().take(20) {
            say(&format!("   FAULT {fault}"));
        }
        if let Some(more) = self.faults.len().checked_sub(20).filter(|more| *more > 0) {
            say(&format!("   FAULT and {more} more"));
        }
    }

    fn row(&self) -> String {
        let Self {
            scenario, asked, answered, failed, lets, refused, closed, slowest, seconds, ..
        } = self;
        let end = if self.faults.is_empty() { "ok" } else { "FAILED" };
        format!(
            "{scenario:<44} {asked:>6} {answered:>8} {failed:>6} {lets:>5} {refused:>5} {closed:>6} \
             {:>7.0} ms {seconds:>6.1} s  {end}",
            slowest.as_secs_f64() * 1e3
        )
    }
}

/// Writes the whole table; tells whether every line is good.
pub(crate) fn show(lines: &[Line]) -> bool {
    say(&format!(
        "\n{:<44} {:>6} {:>8} {:>6} {:>5} {:>5} {:>6} {:>10} {:>8}",
        "scenario", "asked", "answered", "failed", "lets", "503", "closed", "slowest", "time"
    ));
    lines.iter().for_each(|line| say(&line.row()));
    say(
        "\n503: nobody to play. closed: asked at a node whose own port the scenario closes. Slowest is \
         of the\nanswered ones.",
    );
    lines.iter().all(|line| line.faults.is_empty())
}

/// Says a line to whoever watches.
pub(crate) fn say(text: &str) {
    // Nobody may be watching.
    let _ = writeln!(std::io::stdout(), "{text}");
}
