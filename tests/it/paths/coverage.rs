//! A whole demo, as it is started on a laptop.

use protocol::snapshot::{self, Snapshot};

use super::cluster::{failures, until};
use crate::support::http::get;
use crate::support::process::Process;

#[tokio::test]
async fn all_pairs_of_a_demo_are_measured_and_served_by_every_proxy() {
    let demo = Process::start(&["demo", "--nodes", "4", "--play-every", "50ms"]);
    let list = until(demo.listen, "measured", |list| list.measured == 12).await;
    assert_eq!((list.nodes, list.pairs, list.broken), (4, 12, 0));
    let list = until(demo.listen, "strokes on some paths", |list| {
        let has_strokes = |path: &protocol::path::PathStatus| {
            path.probes.is_some() && path.strokes.is_some_and(|strokes| strokes.median.is_some())
        };
        list.paths.iter().any(has_strokes)
    })
    .await;
    assert_eq!(failures(&list), [""; 0]);
    for path in &list.paths {
        let median = path.probes.and_then(|probes| probes.median);
        let is_own = path.to.to_string() == path.from.to_string();
        assert_eq!(median.is_none(), is_own, "no proxy probes its own node: {path:?}");
        assert!(median.is_none_or(|median| median < 1000.0), "{path:?}");
    }
    // The page gets the same.
    let score: Snapshot = get(demo.listen, "/score", &[]).await.parse();
    assert_eq!(score.format, snapshot::FORMAT);
    assert_eq!((score.paths.nodes, score.paths.cells.len()), (4, list.paths.len()));
}

#[tokio::test]
async fn probe_endpoints_are_not_public() {
    let demo = Process::start(&["demo", "--nodes", "2"]);
    for path in ["/probe", "/probes"] {
        assert_eq!(get(demo.listen, path, &[]).await.status, 404, "{path}");
    }
    assert_eq!(get(demo.admin, "/probes", &[]).await.status, 200);
}

#[tokio::test]
async fn probes_are_counted() {
    let demo = Process::start(&["demo", "--nodes", "2"]);
    until(demo.listen, "measured", |list| list.measured == 2).await;
    let metrics = get(demo.admin, "/metrics", &[]).await.body;
    for line in [
        "pong_probe_rtt_seconds_count{from_node=\"pi1\",to_node=\"pi2\"} ",
        "pong_path_broken{from_node=\"pi1\",to_node=\"pi2\"} 0\n",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    assert!(!metrics.contains("to_node=\"pi1\""), "{metrics}");
}
