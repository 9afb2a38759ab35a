//! The dashboard: the queries of each of its panels.
//!
//! There is no Grafana here to draw it. The tests find what can be found without one: an expression
//! that does not parse or has no result, overlapping panels, a data source that is not provisioned.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::prometheus::Asker;

const DASHBOARD: &str = include_str!("../../monitoring/grafana/pong.json");

/// Grafana's value of `$__rate_interval`: four scrapes.
const RATE_INTERVAL: &str = "20s";

/// Panels that are empty unless something is wrong.
const QUIET: [&str; 6] = [
    "Alerts",
    "Failed probes/s by cause",
    "Player faults/s",
    "Upstream faults/s",
    "Refused rallies/s",
    // Virtual machines have no thermometer.
    "Temperature",
];

fn panels() -> Vec<Value> {
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("JSON");
    dashboard["panels"].as_array().expect("panels").clone()
}

fn title(panel: &Value) -> &str {
    panel["title"].as_str().expect("a title")
}

/// Evaluates every expression; returns how many series each panel shows.
pub(crate) async fn series_by_panel(prometheus: Asker) -> BTreeMap<String, usize> {
    let mut shown = BTreeMap::new();
    for panel in panels().iter().filter(|panel| panel["type"] != "row") {
        let mut series = usize::MAX;
        for target in panel["targets"].as_array().expect("targets") {
            let expression = target["expr"].as_str().expect("an expression");
            let expression = expression.replace("$__rate_interval", RATE_INTERVAL);
            let expression = expression.replace("$node", ".*");
            assert!(!expression.contains('$'), "{expression}");
            series = series.min(prometheus.query(&expression).await.len());
        }
        assert!(shown.insert(title(panel).to_owned(), series).is_none(), "{}", title(panel));
    }
    shown
}

/// Returns the panels that are empty although they should not be while all is well.
pub(crate) fn empty(shown: &BTreeMap<String, usize>) -> Vec<&str> {
    let empty =
        shown.iter().filter(|(title, series)| **series == 0 && !QUIET.contains(&title.as_str()));
    empty.map(|(title, _)| title.as_str()).collect()
}

#[test]
fn panels_do_not_overlap_and_have_descriptions() {
    let mut taken = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for panel in panels() {
        let position = |field: &str| panel["gridPos"][field].as_u64().expect("a position");
        let (x, y) = (position("x"), position("y"));
        let (w, h) = (position("w"), position("h"));
        assert!(x + w <= 24 && w > 0 && h > 0, "{}", title(&panel));
        for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            assert!(taken.insert(cell), "{} overlaps another panel", title(&panel));
        }
        assert!(ids.insert(panel["id"].as_u64().expect("an id")), "{}", title(&panel));
        if panel["type"] != "row" {
            let described = panel["description"].as_str().is_some_and(|text| text.len() > 10);
            assert!(described, "{} has no description", title(&panel));
        }
    }
    assert!(QUIET.iter().all(|quiet| panels().iter().any(|panel| title(panel) == *quiet)));
}

#[test]
fn every_panel_has_a_known_type_and_the_chosen_data_source_at_first_the_provisioned_one() {
    let source: Value =
        serde_saphyr::from_str(include_str!("../../monitoring/grafana/datasource.yml"))
            .expect("YAML");
    let dashboard: Value = serde_json::from_str(DASHBOARD).expect("JSON");
    let variables = dashboard["templating"]["list"].as_array().expect("variables");
    let names: Vec<&Value> = variables.iter().map(|variable| &variable["name"]).collect();
    assert_eq!(names, ["datasource", "node"]);
    assert_eq!(variables[0]["current"]["value"], source["datasources"][0]["uid"]);
    let uid = "${datasource}";
    assert_eq!(variables[1]["datasource"]["uid"], uid);
    for panel in panels().iter().filter(|panel| panel["type"] != "row") {
        let kind = panel["type"].as_str().expect("a type");
        assert!(["stat", "timeseries", "table", "heatmap"].contains(&kind), "{kind}");
        let mut names = BTreeSet::new();
        for target in panel["targets"].as_array().expect("targets") {
            assert_eq!(
                (&target["datasource"]["uid"], &panel["datasource"]["uid"]),
                (&uid.into(), &uid.into())
            );
            assert!(names.insert(target["refId"].as_str().expect("a name")), "{}", title(panel));
            let table = target["format"] == "table";
            assert_eq!(table, kind == "table", "{}: a table needs the table format", title(panel));
        }
    }
}
