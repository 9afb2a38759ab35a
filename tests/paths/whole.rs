//! A whole demo, as it is started on a laptop.

use serde_json::Value;

use crate::cluster::{trouble, until};
use crate::http::get;
use crate::process::Process;

#[tokio::test]
async fn every_pair_of_a_demo_is_measured_soon_after_its_start_and_reached_through_every_door() {
    let demo = Process::start(&["demo", "--nodes", "4", "--play-every", "50ms"]);
    let told = until(demo.listen, "measured", |told| told["measured"] == 12).await;
    assert_eq!(
        (&told["nodes"], &told["pairs"], &told["broken"]),
        (&4.into(), &12.into(), &0.into())
    );
    let told = until(demo.listen, "strokes on some paths", |told| {
        let paths = told["paths"].as_array().expect("a list");
        paths.iter().any(|path| path["strokes"]["median"].is_number() && path["knocks"].is_object())
    })
    .await;
    assert_eq!(trouble(&told), [""; 0]);
    for path in told["paths"].as_array().expect("a list") {
        let median = path["knocks"]["median"].as_f64();
        let alone = path["from"] == path["to"];
        assert_eq!(median.is_none(), alone, "nobody knocks at its own node: {path}");
        assert!(median.is_none_or(|median| median < 1000.0), "{path}");
    }
    // What the page is told is the same.
    let score = get(demo.listen, "/score", &[]).await.json();
    assert_eq!(score["format"], 2);
    let names = |told: &Value| {
        let first = told["paths"][0].as_object().expect("a path");
        first.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(names(&score), names(&told));
}

#[tokio::test]
async fn the_public_port_tells_strangers_nothing_of_the_knock_up_itself() {
    let demo = Process::start(&["demo", "--nodes", "2"]);
    for path in ["/knock", "/knock-up"] {
        assert_eq!(get(demo.listen, path, &[]).await.status, 404, "{path}");
    }
    assert_eq!(get(demo.admin, "/knock-up", &[]).await.status, 200);
}

#[tokio::test]
async fn the_knocks_are_counted_for_prometheus() {
    let demo = Process::start(&["demo", "--nodes", "2"]);
    until(demo.listen, "measured", |told| told["measured"] == 2).await;
    let metrics = get(demo.admin, "/metrics", &[]).await.body;
    for line in [
        "pong_knock_seconds_count{from_node=\"pi1\",to_node=\"pi2\"} ",
        "pong_path_broken{from_node=\"pi1\",to_node=\"pi2\"} 0\n",
    ] {
        assert!(metrics.contains(line), "{line} in {metrics}");
    }
    assert!(!metrics.contains("to_node=\"pi1\""), "{metrics}");
}
