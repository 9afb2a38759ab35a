//! `swarm-pong healthcheck`, by its exit code.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use client::fault::Fault;

use crate::support::ports::reserve;
use crate::support::process::Process;

fn check(admin: &str) -> (Option<i32>, String, Duration) {
    let started = Instant::now();
    let mut check = Process::spawn(&["healthcheck", "--admin", admin, "--timeout", "2s"], &[]);
    (check.code(), check.log(), started.elapsed())
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
fn a_service_on_all_addresses_is_checked_on_loopback() {
    let player = Process::start(&["player", "--side", "ping", "--admin", "0.0.0.0:0"]);
    assert!(player.admin.ip().is_unspecified());
    assert_eq!(check(&player.admin.to_string()).0, Some(0));
}

#[test]
fn a_service_that_starts_late_is_waited_for() {
    let closed = reserve();
    let admin = closed.address.to_string();
    let mut check = Process::spawn(&["healthcheck", "--admin", &admin], &[]);
    let _player = Process::start(&["player", "--side", "ping", "--admin", &admin]);
    assert_eq!(check.code(), Some(0), "{}", check.log());
}

#[test]
fn healthy_but_not_ready_passes() {
    // It knows no player, and a restart would change nothing.
    let line = ["manager", "--ping", "127.0.0.1:1", "--pong", "127.0.0.1:1"];
    let manager = Process::start(&line);
    assert_eq!(check(&manager.admin.to_string()).0, Some(0));
}

#[test]
fn no_listener_fails_after_the_timeout() {
    let closed = reserve();
    let address = closed.address.to_string();
    let (code, error, took) = check(&address);
    assert_eq!(code, Some(1));
    assert!(
        error.starts_with(&format!("swarm-pong: unhealthy: http://{address}/healthz: ")),
        "{error}"
    );
    assert!(took < Duration::from_secs(8), "{took:?}");
}

#[test]
fn a_listener_that_hangs_fails_after_the_timeout() {
    // The kernel accepts for it.
    let hanging = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let (code, error, took) = check(&hanging.local_addr().expect("bound").to_string());
    assert_eq!(code, Some(1));
    assert!(error.ends_with(&format!("{}\n", Fault::Timeout)), "{error}");
    assert!(took < Duration::from_secs(8), "{took:?}");
}

#[test]
fn an_error_status_fails_and_is_named() {
    let failing = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = failing.local_addr().expect("bound").to_string();
    std::thread::spawn(move || {
        for connection in failing.incoming().flatten() {
            let mut connection = connection;
            let _ = connection.read(&mut [0; 1024]);
            let _ = connection.write_all(b"HTTP/1.1 500 Oh No\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let (code, error, _) = check(&address);
    assert_eq!(code, Some(1));
    assert!(error.contains("500 Internal Server Error"), "{error}");
}
