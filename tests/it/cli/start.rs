//! Starting and ending.

use std::time::{Duration, Instant};

use protocol::service::Service;
use protocol::whoami::WhoAmI;
use rustix::process::Signal;

use crate::support::http::get;
use crate::support::process::Process;

/// Ends a service as Docker does, or as a person at the terminal.
fn assert_ends_well(mut process: Process, signal: Signal) {
    let started = Instant::now();
    process.signal(signal);
    assert_eq!(process.code(), Some(0), "{}", process.log());
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
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
        for signal in [Signal::TERM, Signal::INT] {
            assert_ends_well(Process::start(line), signal);
        }
    }
}

#[tokio::test]
async fn whoami_identifies_a_service() {
    let player = Process::start(&["player", "--side", "pong", "--task", "pong.3", "--node", "pi4"]);
    let who: WhoAmI = get(player.admin, "/whoami", &[]).await.parse();
    assert_eq!((who.service, who.task.to_string().as_str()), (Service::Pong, "pong.3@pi4"));
    assert_eq!(who.version.as_str(), env!("CARGO_PKG_VERSION"));
    assert_eq!(who.release, who.version);
    assert_eq!(who.os.as_str(), std::env::consts::OS);
    assert_eq!(who.arch.as_str(), std::env::consts::ARCH);
    assert!(who.started > 1_700_000_000, "{who:?}");
    let metrics = get(player.admin, "/metrics", &["Accept: application/openmetrics-text"]).await;
    assert!(metrics.header("content-type").starts_with("application/openmetrics-text"));
    assert!(metrics.body.contains("task=\"pong.3\",node=\"pi4\""), "{}", metrics.body);
    assert!(metrics.body.ends_with("# EOF\n"), "{}", metrics.body);
    assert_eq!(get(player.listen, "/whoami", &[]).await.status, 404, "not in public");
}

#[tokio::test]
async fn an_unnamed_task_is_named_after_its_service_and_process() {
    let player = Process::start(&["player", "--side", "ping"]);
    let who: WhoAmI = get(player.admin, "/whoami", &[]).await.parse();
    assert_eq!(who.task.name.as_str(), format!("ping.{}", player.id()));
}

#[tokio::test]
async fn a_service_starts_and_waits_when_those_it_needs_are_missing() {
    let manager =
        Process::start(&["manager", "--ping", "127.0.0.1:1", "--pong", "nowhere.invalid:1"]);
    let answer = get(manager.listen, "/", &[]).await;
    assert_eq!((answer.status, answer.header("retry-after")), (503, "1"), "{answer:?}");
    let ready = get(manager.admin, "/readyz", &[]).await;
    assert_eq!(ready.status, 503, "{ready:?}");
    assert!(ready.body.contains("no pong player reachable"), "{ready:?}");
    assert_eq!(get(manager.admin, "/healthz", &[]).await.status, 200);
}
