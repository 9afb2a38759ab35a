//! Figures, their targets, and what they were the last time they were recorded.

use std::collections::BTreeMap;

const RECORD: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/bench/recorded.json");

/// The figures of a run, to be printed as a table.
pub(crate) struct Figures {
    rows: Vec<(String, f64, Option<f64>)>,
    recorded: BTreeMap<String, f64>,
}

impl Figures {
    pub(crate) fn new() -> Self {
        let recorded = std::fs::read_to_string(RECORD).unwrap_or_default();
        Self { rows: Vec::new(), recorded: serde_json::from_str(&recorded).unwrap_or_default() }
    }

    /// Adds a figure and the most it should be.
    pub(crate) fn add(&mut self, name: &str, value: f64, at_most: Option<f64>) {
        self.rows.push((name.to_owned(), value, at_most));
    }

    /// Prints all figures, and records them if asked to.
    pub(crate) fn report(&self, record: bool) {
        println!("{:<46} {:>10} {:>9} {:>10}", "", "now", "target", "recorded");
        for (name, value, at_most) in &self.rows {
            let target = at_most.map_or(String::new(), |most| format!("≤ {most}"));
            let recorded = self.recorded.get(name).map_or(String::new(), |was| format!("{was:.2}"));
            let missed = at_most.is_some_and(|most| *value > most);
            let missed = if missed { "  MISSED" } else { "" };
            println!("{name:<46} {value:>10.2} {target:>9} {recorded:>10}{missed}");
        }
        if record {
            let figures: BTreeMap<_, _> = self
                .rows
                .iter()
                .map(|(name, value, _)| (name, (value * 100.0).round() / 100.0))
                .collect();
            let text = serde_json::to_string_pretty(&figures).expect("figures");
            std::fs::write(RECORD, text + "\n").expect("recorded");
        }
    }
}

/// Returns the value below which `p` percent lie; sorts on the way.
pub(crate) fn percentile(values: &mut [f64], p: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let last = values.len().saturating_sub(1);
    values.get((last as f64 * p / 100.0).round() as usize).copied().unwrap_or(f64::NAN)
}
