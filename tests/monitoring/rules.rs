//! What promtool says of the files.

use crate::prometheus::promtool;

#[test]
fn promtool_accepts_the_configuration_and_the_rules() {
    let (good, said) = promtool(&["check", "config", "monitoring/prometheus.yml"], "");
    assert!(good, "{said}");
    let (good, said) =
        promtool(&["check", "rules", "--lint=all", "--lint-fatal", "monitoring/alerts.yml"], "");
    assert!(good, "{said}");
}

#[test]
fn every_alert_fires_when_it_should_and_only_then() {
    let (good, said) = promtool(&["test", "rules", "monitoring/alerts.test.yml"], "");
    assert!(good, "{said}");
    let (alerts, cases) = (
        include_str!("../../monitoring/alerts.yml"),
        include_str!("../../monitoring/alerts.test.yml"),
    );
    for alert in alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        let about = |line: &&str| line.contains(&format!("alertname: {alert}"));
        let (quiet, firing): (Vec<&str>, Vec<&str>) =
            cases.lines().filter(about).partition(|line| line.contains("exp_alerts: []"));
        assert!(!quiet.is_empty() && !firing.is_empty(), "{alert} has no case for and against");
    }
}
