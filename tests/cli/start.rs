//! Starting and ending.

use std::time::{Duration, Instant};

use crate::http::get;
use crate::process::Process;

/// Ends a service as Docker does, or as a person at the terminal.
fn assert_ends_well(mut process: Process, signal: &str) {
    let begun = Instant::now();
    process.signal(signal);
    assert_eq!(process.code(), Some(0), "{}", process.log());
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

#[test]
fn every_service_ends_with_0_on_sigterm_and_ctrl_c() {
    let nobody = "127.0.0.1:1";
    for line in [
        &["player", "--side", "pong"][..],
        &["manager", "--ping", nobody, "--pong", nobody],
        &["proxy", "--managers", nobody, "--scoreboards", nobody],
        &["demo", "--nodes", "2"],
    ] {
        for signal in ["TERM", "INT"] {
            assert_ends_well(Process::start(line), signal);
        }
    }
}

#[tokio::test]
async fn a_service_says_who_it_is() {
    let player = Process::start(&["player", "--side", "pong", "--task", "pong.3", "--node", "pi4"]);
    let who = get(player.admin, "/whoami", &[]).await.json();
    assert_eq!(who["service"], "pong");
    assert_eq!((&who["task"], &who["node"]), (&"pong.3".into(), &"pi4".into()));
    assert_eq!(who["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        (&who["os"], &who["arch"]),
        (&std::env::consts::OS.into(), &std::env::consts::ARCH.into())
    );
    assert!(who["started"].as_u64() > Some(1_700_000_000), "{who}");
    let metrics = get(player.admin, "/metrics", &["Accept: application/openmetrics-text"]).await;
    assert!(metrics.header("content-type").starts_with("application/openmetrics-text"));
    assert!(metrics.body.contains("task=\"pong.3\",node=\"pi4\""), "{}", metrics.body);
    assert!(metrics.body.ends_with("# EOF\n"), "{}", metrics.body);
    assert_eq!(get(player.listen, "/whoami", &[]).await.status, 404, "not in public");
}

#[tokio::test]
async fn an_unnamed_task_is_named_after_its_service_and_process() {
    let player = Process::start(&["player", "--side", "ping"]);
    let who = get(player.admin, "/whoami", &[]).await.json();
    assert_eq!(who["task"], format!("ping.{}", player.id()));
    assert!(!who["node"].as_str().expect("a name").is_empty());
}

#[tokio::test]
async fn a_service_starts_and_waits_when_those_it_needs_are_missing() {
    let manager =
        Process::start(&["manager", "--ping", "127.0.0.1:1", "--pong", "nowhere.invalid:1"]);
    let answer = get(manager.listen, "/", &[]).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "1"), "{answer:?}");
    let ready = get(manager.admin, "/readyz", &[]).await;
    assert_eq!(ready.status, 503, "{ready:?}");
    assert!(ready.body.contains("no pong player within reach"), "{ready:?}");
    assert_eq!(get(manager.admin, "/healthz", &[]).await.status, 200);
}
