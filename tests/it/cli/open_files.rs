//! What does not fit into the limit of open files is refused with the limit.
#![cfg(unix)]

use std::process::{Command, Output};

/// Runs the binary with at most this many open files, until it ends.
fn run_with_limit(limit: u32, arguments: &str) -> Output {
    let binary = env!("CARGO_BIN_EXE_swarm-pong");
    let line = format!("ulimit -n {limit} && exec '{binary}' {arguments}");
    let free = [("PONG_LISTEN", "127.0.0.1:0"), ("PONG_ADMIN", "127.0.0.1:0")];
    Command::new("/bin/sh").args(["-c", &line]).envs(free).output().expect("every Unix has /bin/sh")
}

#[test]
fn a_demo_that_does_not_fit_is_refused_with_the_limit() {
    for arguments in ["demo --nodes 64", "demo --players 64"] {
        let refused = run_with_limit(1024, arguments);
        assert_eq!(refused.status.code(), Some(1), "{refused:?}");
        let error = String::from_utf8_lossy(&refused.stderr);
        assert!(
            error.contains("open files and sockets, and the limit is 1024: raise it"),
            "{error}"
        );
        assert_eq!(error.lines().count(), 1, "{error}");
    }
}

#[test]
fn a_service_that_does_not_fit_is_refused_with_the_limit() {
    let refused = run_with_limit(16, "player --side ping");
    assert_eq!(refused.status.code(), Some(1), "{refused:?}");
    let error = String::from_utf8_lossy(&refused.stderr);
    assert!(error.contains("too many open files: the limit is 16; raise it"), "{error}");
    assert!(!error.contains("panicked"), "{error}");
}
