//! The limits of a public port, and an admin port that answers whatever becomes of it.

use std::fs;

use rustix::process::{Pid, Resource, Rlimit, prlimit};

use crate::support::http::{Connection, get, send};
use crate::support::process::Process;
use crate::support::wait::until_true;

const PLAYER: [&str; 3] = ["player", "--side", "ping"];

/// Sends bytes on a connection of their own and returns the status of the response.
async fn status(player: &Process, bytes: &str) -> u16 {
    let response = send(player.listen, bytes).await.expect("a response");
    assert!(response.closes() || response.status == 200, "{response:?}");
    response.status
}

/// Returns how many connections were refused for this reason.
async fn refused(player: &Process, reason: &str) -> u64 {
    let name = format!("pong_connections_refused_total{{reason=\"{reason}\"}} ");
    let metrics = get(player.admin, "/metrics", &[]).await.body;
    let line = metrics.lines().find_map(|line| line.strip_prefix(&name));
    line.expect("the metric").parse().expect("a number")
}

#[tokio::test]
async fn what_a_request_may_have_is_limited_and_counted() {
    let player = Process::start(&PLAYER);
    let head =
        |bytes: usize| format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(bytes));
    assert_eq!(status(&player, &head(8000)).await, 200);
    assert_eq!(status(&player, &head(9000)).await, 431);
    assert_eq!(status(&player, &head(100_000)).await, 431);
    assert_eq!(status(&player, "GET / HTTP/1.1\r\nHo").await, 408);
    let body = |header: &str| format!("GET / HTTP/1.1\r\nHost: a\r\n{header}\r\n\r\n");
    assert_eq!(status(&player, &(body("Content-Length: 3") + "abc")).await, 200);
    assert_eq!(status(&player, &body("Content-Length: 16385")).await, 413);
    assert_eq!(status(&player, &(body("Transfer-Encoding: chunked") + "1\r\na\r\n")).await, 411);
    assert_eq!(status(&player, "nonsense\r\n\r\n").await, 400);
    for (reason, count) in [
        ("head_too_large", 2),
        ("head_too_slow", 1),
        ("body", 2),
        ("malformed", 1),
        ("at_limit", 0),
    ] {
        assert_eq!(refused(&player, reason).await, count, "{reason}");
    }
}

#[tokio::test]
async fn what_is_no_request_is_refused_with_the_reason() {
    let player = Process::start(&PLAYER);
    let refusal = send(player.listen, "nonsense\r\n\r\n").await.expect("a response");
    assert_eq!((refusal.status, refusal.closes()), (400, true), "{refusal:?}");
    assert!(refusal.body.starts_with("this is not a request of HTTP/1.1: "), "{refusal:?}");
}

#[tokio::test]
async fn requests_that_are_sent_at_once_are_answered_in_order() {
    let player = Process::start(&PLAYER);
    let mut connection = Connection::open(player.listen).await.expect("connected");
    let requests: Vec<String> = (0..200)
        .map(|n| {
            format!("GET {} HTTP/1.1\r\nHost: a\r\n\r\n", if n % 3 == 0 { "/no" } else { "/" })
        })
        .collect();
    // In pieces that end anywhere.
    let bytes = requests.concat();
    let (first, second) = bytes.split_at(bytes.len() / 2 + 7);
    connection.send(first).await.expect("sent");
    for n in 0..200 {
        if n == 50 {
            connection.send(second).await.expect("sent");
        }
        let response = connection.response().await.expect("a response");
        assert_eq!(response.status, if n % 3 == 0 { 404 } else { 200 }, "the {n}th");
    }
}

#[tokio::test]
async fn a_full_service_lets_go_of_idle_clients_and_is_healthy() {
    let player = Process::start(&[&PLAYER[..], &["--max-connections", "8"]].concat());
    let mut idle = Vec::new();
    for _ in 0..100 {
        idle.push(Connection::open(player.listen).await.expect("connected"));
    }
    assert_eq!(get(player.listen, "/", &[]).await.status, 200);
    assert_eq!(get(player.admin, "/healthz", &[]).await.status, 200);
    until_true("room was made", async || refused(&player, "at_limit").await >= 92).await;
    let open = |line: &str| line.strip_prefix("pong_connections ").map(str::to_owned);
    let metrics = get(player.admin, "/metrics", &[]).await.body;
    let open: usize = metrics.lines().find_map(open).expect("a gauge").parse().expect("a number");
    assert!(open < 8, "{open}");
}

#[tokio::test]
async fn a_service_that_can_open_no_more_files_is_healthy() {
    let player = Process::start(&PLAYER);
    // Those of its own are all open.
    assert_eq!(get(player.listen, "/", &[]).await.status, 200);
    let used = fs::read_dir(format!("/proc/{}/fd", player.id())).expect("a process").count() as u64;
    let pid = Pid::from_raw(player.id().cast_signed());
    let limit = Rlimit { current: Some(used), maximum: Some(used) };
    prlimit(pid, Resource::Nofile, limit).expect("the limit of a child");
    let mut waiting = Vec::new();
    for _ in 0..10 {
        waiting.push(Connection::open(player.listen).await.expect("the kernel connects"));
    }
    for _ in 0..10 {
        let health = ["Connection: close"];
        assert_eq!(get(player.admin, "/healthz", &health).await.status, 200);
    }
}
