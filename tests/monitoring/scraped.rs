//! What Prometheus records of the match.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::http::get;
use crate::support::metrics::{Metric, documented};
use crate::support::netns::isolated;
use crate::support::prometheus::{Asker, Prometheus, promtool};
use crate::support::swarm::{Cluster, SERVICES};
use crate::{clients, dashboard};

/// Every task and its node.
const TASKS: [(&str, &str); 14] = [
    ("ping.1", "pi1"),
    ("ping.2", "pi2"),
    ("pong.1", "pi2"),
    ("pong.2", "pi3"),
    ("manager.1", "pi1"),
    ("manager.2", "pi3"),
    ("proxy.pi1", "pi1"),
    ("proxy.pi2", "pi2"),
    ("proxy.pi3", "pi3"),
    ("scoreboard.1", "pi1"),
    ("scoreboard.2", "pi2"),
    ("light.pi1", "pi1"),
    ("light.pi2", "pi2"),
    ("light.pi3", "pi3"),
];

/// A node exporter with the options of `stack.monitoring.yml`, killed when dropped.
struct NodeExporter(Child);

impl NodeExporter {
    fn start() -> Self {
        let stack: Value = serde_saphyr::from_str(include_str!("../../stack.monitoring.yml"))
            .expect("stack.monitoring.yml is YAML");
        let options = stack["services"]["node-exporter"]["command"].as_array().expect("options");
        let options = options.iter().map(|option| option.as_str().expect("text"));
        // Here it runs on the machine itself.
        let options = options.filter(|option| !option.starts_with("--path."));
        let started = Command::new("prometheus-node-exporter")
            .args(options.map(|option| option.replace("$$", "$")))
            .arg("--web.listen-address=127.0.0.1:9100")
            .args(["--log.level", "error"])
            .stdin(Stdio::null())
            .spawn();
        Self(started.expect("prometheus-node-exporter is installed: see tests/monitoring/run"))
    }
}

impl Drop for NodeExporter {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn prometheus_counts_match_clients_and_alerts_fire() {
    isolated(async || {
        let mut cluster = Cluster::start(&TASKS, &[]);
        cluster.dns.list("tasks.node-exporter", &["127.0.0.1"]);
        let _exporter = NodeExporter::start();
        let listen = ([127, 0, 0, 1], 9090).into();
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("monitoring/prometheus.yml");
        let prometheus = Prometheus::start(&config, listen).await;
        let asker = prometheus.asker;

        let mut seen = all_targets_are_up(asker).await;
        asker.until_number("count(pong_rallies_total == 0)", 10.0).await;
        seen += &counts_match_the_clients(asker, &cluster).await;
        every_documented_metric_is_there(asker).await;
        promtool_accepts_the_metrics(&cluster).await;
        seen += &no_panel_is_empty(asker).await;
        assert_eq!(asker.firing().await, [], "no alert fires");
        seen += &the_alert_fires_without_players(asker, &mut cluster).await;
        std::fs::create_dir_all("target/monitoring").expect("a folder");
        std::fs::write("target/monitoring/seen.txt", seen).expect("written");
    });
}

async fn all_targets_are_up(asker: Asker) -> String {
    let check = async |asker: &Asker| {
        let targets = asker.targets().await;
        // 14 tasks, the machine, and Prometheus itself.
        let up = targets.len() == 16 && targets.iter().all(|target| target[2] == "up");
        up.then_some(targets)
    };
    let targets = asker.until("all 16 targets are up", check).await;
    let line =
        |[job, instance, health]: &[String; 3]| format!("{job:<15} {instance:<16} {health}\n");
    targets.iter().map(line).collect()
}

async fn counts_match_the_clients(asker: Asker, cluster: &Cluster) -> String {
    let started = Instant::now();
    let received = clients::play(&cluster.proxies(), Duration::from_secs(18)).await;
    let rate = f64::from(received.rallies) / started.elapsed().as_secs_f64();
    // At once, while the window lies within the time of play.
    let seen = asker.number("sum(rate(pong_rallies_total[15s]))").await.expect("a rate");
    let mut report = format!(
        "clients: {received:?}, {rate:.1} rallies/s\n\
         Prometheus: sum(rate(pong_rallies_total[15s])) = {seen:.1}\n"
    );
    assert!((seen / rate - 1.0).abs() < 0.15, "{seen} rallies/s, but {rate} were played");

    let rallies = f64::from(received.rallies);
    let strokes = f64::from(received.strokes);
    asker.until_number("sum(pong_rallies_total)", rallies).await;
    for (expression, count) in [
        (r#"sum(pong_rallies_total{verdict="ping"})"#, received.won_by_ping.into()),
        // Unlike this, increase() extrapolates to the window's edges.
        (
            "sum(max_over_time(pong_rallies_total[2m]) - min_over_time(pong_rallies_total[2m]))",
            rallies,
        ),
        ("sum(pong_strokes_total)", strokes),
        ("sum(pong_player_strokes_total)", strokes),
        ("sum(pong_stroke_duration_seconds_count)", strokes),
        ("sum(pong_rally_duration_seconds_count)", rallies),
        ("max(sum by (instance) (pong_score_rallies_total))", rallies),
        ("min(sum by (instance) (pong_score_strokes_total))", strokes),
        ("sum(pong_stroke_faults_total)", 0.0),
        (r#"count(sum by (from_node, to_node) (pong_stroke_duration_seconds_count) > 0)"#, 6.0),
        (r#"min(pong_lamp_up)"#, 1.0),
        (r#"sum(pong_endpoints{job="pong-manager",state="ready"})"#, 8.0),
    ] {
        asker.until_number(expression, count).await;
        report += &format!("  {expression} = {count}\n");
    }
    report
}

async fn every_documented_metric_is_there(asker: Asker) {
    for service in SERVICES {
        for (name, Metric { kind, labels }) in documented(service) {
            let sample = if kind == "histogram" { format!("{name}_bucket") } else { name };
            let found = asker.query(&format!(r#"{sample}{{job="pong-{service}"}}"#)).await;
            assert!(!found.is_empty(), "{sample} of {service} is missing");
            for (scraped, _) in found {
                let of_prometheus = ["__name__", "instance", "job", "le"];
                let own =
                    scraped.into_keys().filter(|name| !of_prometheus.contains(&name.as_str()));
                assert_eq!(own.collect::<BTreeSet<_>>(), labels, "{sample} of {service}");
            }
        }
    }
}

async fn promtool_accepts_the_metrics(cluster: &Cluster) {
    for (task, process) in cluster.all() {
        let text = get(process.admin, "/metrics", &[]).await.body;
        let (accepted, output) = promtool(&["check", "metrics"], &text);
        assert!(accepted && output.is_empty(), "{task}: {output}\n{text}");
    }
}

async fn no_panel_is_empty(asker: Asker) -> String {
    let shown = dashboard::series_by_panel(asker).await;
    assert_eq!(dashboard::empty(&shown), Vec::<&str>::new(), "{shown:?}");
    format!("dashboard: {} panels, {} series\n", shown.len(), shown.values().sum::<usize>())
}

async fn the_alert_fires_without_players(asker: Asker, cluster: &mut Cluster) -> String {
    ["ping.1", "ping.2"].iter().for_each(|task| cluster.kill(task));
    let started = Instant::now();
    assert_eq!(get(cluster.proxies()[0], "/", &[]).await.status, 503);
    let check = async |asker: &Asker| {
        let mut firing = asker.firing().await.into_iter();
        firing.find(|alert| alert["alertname"] == "PongNoPlayers")
    };
    let alert = asker.until("PongNoPlayers fires", check).await;
    assert_eq!((alert["service"].as_str(), alert["severity"].as_str()), ("ping", "critical"));
    let seconds = started.elapsed().as_secs_f64();
    let shown = dashboard::series_by_panel(asker).await;
    for panel in ["Alerts", "Refused rallies/s"] {
        assert!(shown[panel] > 0, "{panel}: {shown:?}");
    }
    format!("alert: {alert:?} fires {seconds:.0} s after the last ping was killed\n")
}
