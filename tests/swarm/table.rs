//! The table of results, one line per scenario.

use std::io::Write;
use std::time::Duration;

/// Maximum number of faults of a scenario that are printed.
const MAX_FAULTS_PRINTED: usize = 20;

/// The result of one scenario.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pub(crate) scenario: String,
    pub(crate) requests: usize,
    pub(crate) rallies: usize,
    pub(crate) failed: usize,
    pub(crate) lets: usize,
    /// Requests with status 503 because a side had no players.
    pub(crate) refused: usize,
    /// Requests at a port that the scenario closes.
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

    /// Prints notes and faults at once; the table follows at the end.
    pub(crate) fn print_details(&self) {
        self.notes.iter().for_each(|note| print(&format!("   {note}")));
        for fault in self.faults.iter().take(MAX_FAULTS_PRINTED) {
            print(&format!("   FAULT {fault}"));
        }
        let more = self.faults.len().saturating_sub(MAX_FAULTS_PRINTED);
        if more > 0 {
            print(&format!("   FAULT and {more} more"));
        }
    }

    fn row(&self) -> String {
        let result = if self.faults.is_empty() { "ok" } else { "FAILED" };
        format!(
            "{:<44} {:>8} {:>7} {:>6} {:>5} {:>5} {:>6} {:>7.0} ms {:>6.1} s  {result}",
            self.scenario,
            self.requests,
            self.rallies,
            self.failed,
            self.lets,
            self.refused,
            self.closed,
            self.slowest.as_secs_f64() * 1e3,
            self.seconds,
        )
    }
}

/// Prints the whole table; returns whether no scenario had a fault.
pub(crate) fn print_all(lines: &[Line]) -> bool {
    print(&format!(
        "\n{:<44} {:>8} {:>7} {:>6} {:>5} {:>5} {:>6} {:>10} {:>8}",
        "scenario", "requests", "rallies", "failed", "lets", "503", "closed", "slowest", "time"
    ));
    lines.iter().for_each(|line| print(&line.row()));
    print(
        "\n503: no player of a side. closed: at a node whose port the scenario closes. slowest: of \
         the rallies.",
    );
    lines.iter().all(|line| line.faults.is_empty())
}

/// Prints a line to stdout.
pub(crate) fn print(text: &str) {
    // Nobody may be reading.
    let _ = writeln!(std::io::stdout(), "{text}");
}
