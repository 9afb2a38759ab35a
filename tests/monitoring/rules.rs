//! The checks of promtool.

use serde_json::Value;

use crate::support::prometheus::promtool;

#[test]
fn promtool_accepts_the_configuration_and_the_rules() {
    let (accepted, output) = promtool(&["check", "config", "monitoring/prometheus.yml"], "");
    assert!(accepted, "{output}");
    let (accepted, output) =
        promtool(&["check", "rules", "--lint=all", "--lint-fatal", "monitoring/alerts.yml"], "");
    assert!(accepted, "{output}");
}

#[test]
fn every_alert_has_a_section_of_the_documentation_that_its_runbook_is() {
    let rules: Value =
        serde_saphyr::from_str(include_str!("../../monitoring/alerts.yml")).expect("YAML");
    let rules = rules["groups"][0]["rules"].as_array().expect("rules");
    let documentation = include_str!("../../docs/monitoring.md");
    for alert in rules.iter().filter_map(|rule| Some((rule["alert"].as_str()?, rule))) {
        let (name, rule) = alert;
        let runbook = format!("docs/monitoring.md#{}", name.to_lowercase());
        assert_eq!(rule["annotations"]["runbook_url"], runbook.as_str());
        assert!(documentation.contains(&format!("\n### {name}\n")), "{name} has no section");
    }
}

#[test]
fn every_alert_fires_when_it_should_and_only_then() {
    let (passed, output) = promtool(&["test", "rules", "monitoring/alerts.test.yml"], "");
    assert!(passed, "{output}");
    let alerts = include_str!("../../monitoring/alerts.yml");
    let cases = include_str!("../../monitoring/alerts.test.yml");
    for alert in alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        let name = format!("alertname: {alert}");
        let tests = cases.lines().filter(|line| line.contains(&name));
        let (quiet, firing): (Vec<&str>, Vec<&str>) =
            tests.partition(|line| line.contains("exp_alerts: []"));
        assert!(!quiet.is_empty() && !firing.is_empty(), "{alert} has no case for and against");
    }
}
