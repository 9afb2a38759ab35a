//! The dashboard: what each of its panels asks Prometheus for.
//!
//! There is no Grafana to draw it here. What can go wrong without one is looked for: an expression
//! that does not parse or finds nothing, a panel upon another, a source that is not provisioned.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::prometheus::Asker;

const DASHBOARD: &str = include_str!("../../monitoring/grafana/pong.json");

/// What Grafana puts there: four scrapes.
const RATE_INTERVAL: &str = "20s";

/// Panels that show something only when something is wrong.
const QUIET: [&str; 6] = [
    "Alerts",
    "Failed knocks by cause",
    "Faults of players",
    "Faults of managers and scoreboards",
    "Requests refused",
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
pub(crate) async fn shown(prometheus: Asker) -> BTreeMap<String, usize> {
    let mut shown = BTreeMap::new();
    for panel in panels().iter().filter(|panel| panel["type"] != "row") {
        let mut series = usize::MAX;
        for target in panel["targets"].as_array().expect("targets") {
            let expression = target["expr"].as_str().expect("an expression");
            let expression = expression.replace("$__rate_interval", RATE_INTERVAL);
            assert!(!expression.contains('$'), "{expression}");
            series = series.min(prometheus.query(&expression).await.len());
        }
        assert!(shown.insert(title(panel).to_owned(), series).is_none(), "{}", title(panel));
    }
    shown
}

/// Returns the panels that should show something while all is well and do not.
pub(crate) fn empty(shown: &BTreeMap<String, usize>) -> Vec<&str> {
    let empty =
        shown.iter().filter(|(title, series)| **series == 0 && !QUIET.contains(&title.as_str()));
    empty.map(|(title, _)| title.as_str()).collect()
}

#[test]
fn no_panel_lies_upon_another_and_each_says_what_it_shows() {
    let (mut taken, mut ids) = (BTreeSet::new(), BTreeSet::new());
    for panel in panels() {
        let at = |field: &str| panel["gridPos"][field].as_u64().expect("a place");
        let (x, y, w, h) = (at("x"), at("y"), at("w"), at("h"));
        assert!(x + w <= 24 && w > 0 && h > 0, "{}", title(&panel));
        for cell in (x..x + w).flat_map(|x| (y..y + h).map(move |y| (x, y))) {
            assert!(taken.insert(cell), "{} lies upon another", title(&panel));
        }
        assert!(ids.insert(panel["id"].as_u64().expect("an id")), "{}", title(&panel));
        if panel["type"] != "row" {
            let described = panel["description"].as_str().is_some_and(|text| text.len() > 10);
            assert!(described, "{} says nothing", title(&panel));
        }
    }
    assert!(QUIET.iter().all(|quiet| panels().iter().any(|panel| title(panel) == *quiet)));
}

#[test]
fn every_panel_is_of_a_kind_that_grafana_has_and_asks_the_source_that_is_provisioned() {
    let source: Value =
        serde_saphyr::from_str(include_str!("../../monitoring/grafana/datasource.yml"))
            .expect("YAML");
    let uid = &source["datasources"][0]["uid"];
    for panel in panels().iter().filter(|panel| panel["type"] != "row") {
        let kind = panel["type"].as_str().expect("a type");
        assert!(["stat", "timeseries", "table", "heatmap"].contains(&kind), "{kind}");
        let targets = panel["targets"].as_array().expect("targets");
        let mut names = BTreeSet::new();
        for asked in targets {
            assert_eq!((&asked["datasource"]["uid"], &panel["datasource"]["uid"]), (uid, uid));
            assert!(names.insert(asked["refId"].as_str().expect("a name")), "{}", title(panel));
            let table = asked["format"] == "table";
            assert_eq!(table, kind == "table", "{}: a table asks for one", title(panel));
        }
    }
}
