//! The metrics of an admin port, and those of `docs/metrics.md`.

use std::collections::{BTreeMap, BTreeSet};

/// A metric's type and the names of its labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Metric {
    pub(crate) kind: String,
    pub(crate) labels: BTreeSet<String>,
}

/// Metrics by the name of their samples; of a histogram, without `_bucket` and the like.
pub(crate) type Metrics = BTreeMap<String, Metric>;

/// Returns the documented metrics of a service.
pub(crate) fn documented(service: &str) -> Metrics {
    let table = include_str!("../../../docs/metrics.md").lines().filter_map(|line| {
        let cells: Vec<&str> = line.strip_prefix("| `")?.split('|').map(str::trim).collect();
        let [name, kind, labels, _unit, services, _meaning, ""] = cells[..] else {
            panic!("not six cells: {line}")
        };
        let name = name.trim_matches('`');
        let services: Vec<&str> = services.split(", ").collect();
        // A cluster in which all is well has no series of these.
        let listed = (services.contains(&"all") || services.contains(&service))
            && !["pong_node_trouble", "pong_port_broken"].contains(&name);
        let labels = words(labels).map(|label| label.trim_matches('`').to_owned());
        // Nodes without ids have no labels for them.
        let labels = labels.filter(|label| !label.ends_with("node_id"));
        let metric = Metric { kind: kind.to_owned(), labels: labels.collect() };
        listed.then(|| (name.to_owned(), metric))
    });
    table.collect()
}

fn words(cell: &str) -> impl Iterator<Item = &str> {
    cell.split(", ").filter(|word| !word.is_empty())
}

/// Reads metrics in the OpenMetrics format.
pub(crate) fn exposed(text: &str) -> Metrics {
    let mut metrics = Metrics::new();
    let mut family = (String::new(), String::new());
    for line in text.lines() {
        if let Some(typed) = line.strip_prefix("# TYPE ") {
            let (name, kind) = typed.split_once(' ').expect("a name and a type");
            let ending = match kind {
                "counter" => "_total",
                "info" => "_info",
                _ => "",
            };
            family = (format!("{name}{ending}"), kind.to_owned());
        } else if !line.starts_with('#') {
            let (sample, value) = line.rsplit_once(' ').expect("a sample and its value");
            assert!(value.parse::<f64>().is_ok(), "{line}");
            assert!(sample.starts_with(&family.0), "{line} is not of {}", family.0);
            let labels = sample.split_once('{').map_or("", |(_, labels)| labels);
            let names = labels.split("\",").filter_map(|label| Some(label.split_once('=')?.0));
            let names = names.filter(|name| *name != "le").map(str::to_owned).collect();
            let metric = Metric { kind: family.1.clone(), labels: names };
            let known = metrics.entry(family.0.clone()).or_insert_with(|| metric.clone());
            assert_eq!(*known, metric, "{line} has other labels than its siblings");
        }
    }
    metrics
}
