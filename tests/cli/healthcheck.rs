//! `swarm-pong healthcheck`, by its exit code.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use crate::process::Process;

fn check(admin: &str) -> (Option<i32>, String, Duration) {
    let begun = Instant::now();
    let mut check = Process::spawn(&["healthcheck", "--admin", admin], &[]);
    (check.code(), check.log(), begun.elapsed())
}

#[test]
fn a_service_that_answers_is_healthy() {
    let player = Process::start(&["player", "--side", "ping"]);
    assert_eq!(check(&player.admin.to_string()).0, Some(0));
    let mut by_variable =
        Process::spawn(&["healthcheck"], &[("PONG_ADMIN", &player.admin.to_string())]);
    assert_eq!(by_variable.code(), Some(0));
}

#[test]
fn a_service_on_all_addresses_is_asked_on_loopback() {
    let player = Process::start(&["player", "--side", "ping", "--admin", "0.0.0.0:0"]);
    assert!(player.admin.ip().is_unspecified());
    assert_eq!(check(&player.admin.to_string()).0, Some(0));
}

#[test]
fn a_service_that_is_healthy_but_not_ready_is_left_alone() {
    // No player is known to it, and restarting it would change nothing.
    let line = ["manager", "--ping", "127.0.0.1:1", "--pong", "127.0.0.1:1"];
    let manager = Process::start(&line);
    assert_eq!(check(&manager.admin.to_string()).0, Some(0));
}

#[test]
fn nobody_there_is_unhealthy_after_two_seconds() {
    let closed = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = closed.local_addr().expect("bound").to_string();
    drop(closed);
    let (code, said, took) = check(&address);
    assert_eq!(code, Some(1));
    assert!(
        said.starts_with(&format!("swarm-pong: unhealthy: http://{address}/healthz: ")),
        "{said}"
    );
    assert!(took < Duration::from_secs(8), "{took:?}");
}

#[test]
fn one_that_accepts_and_hangs_is_unhealthy_after_two_seconds() {
    // The kernel accepts for it.
    let hanging = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let (code, said, took) = check(&hanging.local_addr().expect("bound").to_string());
    assert_eq!(code, Some(1));
    assert!(said.ends_with("no answer in time\n"), "{said}");
    assert!(took < Duration::from_secs(8), "{took:?}");
}

#[test]
fn one_that_answers_with_an_error_is_unhealthy_and_the_status_named() {
    let failing = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = failing.local_addr().expect("bound").to_string();
    std::thread::spawn(move || {
        for connection in failing.incoming().flatten() {
            let mut connection = connection;
            let _ = connection.read(&mut [0; 1024]);
            let _ = connection.write_all(b"HTTP/1.1 500 Oh No\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let (code, said, _) = check(&address);
    assert_eq!(code, Some(1));
    assert!(said.contains("500 Internal Server Error"), "{said}");
}
