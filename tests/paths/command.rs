//! `swarm-pong paths`: its table and its exit codes.

use std::net::SocketAddr;

use crate::cluster::{free, proxy, scoreboard, until, until_told};
use crate::peer::{Peer, ok};
use crate::process::Process;

/// Runs the command; returns its exit code, what it printed, and what it said was wrong.
async fn paths(url: &str) -> (Option<i32>, String, String) {
    let mut process = Process::spawn(&["paths", url], &[]);
    tokio::task::spawn_blocking(move || (process.code(), process.out(), process.log()))
        .await
        .expect("it ended")
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

#[tokio::test]
async fn all_well_ends_with_0_and_a_line_a_path() {
    let demo = Process::start(&["demo", "--nodes", "3"]);
    until(demo.listen, "measured", |told| told["measured"] == 6).await;
    let (code, out, log) = paths(&url(demo.listen)).await;
    assert_eq!((code, log.as_str()), (Some(0), ""), "{out}");
    assert!(out.starts_with("3 nodes, 6 of 6 pairs measured, none broken; "), "{out}");
    assert!(out.contains("\npi1   pi2  well  ") && !out.contains('\x1b'), "{out}");
    let by_variable = Process::spawn(&["paths"], &[("PONG_URL", &url(demo.listen))]).code();
    assert_eq!(by_variable, Some(0));
}

#[tokio::test]
async fn a_broken_path_ends_with_1_and_comes_first_with_what_to_do() {
    let admin: Vec<SocketAddr> = (0..3).map(|_| free()).collect();
    let _two = [1, 2].map(|n| proxy(n, admin[n - 1], &admin));
    let mut third = proxy(3, admin[2], &admin);
    let board = scoreboard(&admin);
    until_told(board.listen, 6, &[]).await;
    third.kill();
    until(board.listen, "two broken", |told| told["broken"] == 2).await;
    let (code, out, _) = paths(&url(board.listen)).await;
    assert_eq!(code, Some(1), "{out}");
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].contains(", 2 broken; as "), "{out}");
    assert!(lines[3].starts_with("pi1   pi3  BROKEN refused  "), "{out}");
    assert!(lines[4].starts_with("pi2   pi3  BROKEN refused  "), "{out}");
    assert_eq!(lines.iter().filter(|line| line.starts_with("refused: ")).count(), 1, "{out}");
}

#[tokio::test]
async fn nothing_there_ends_with_3_and_what_was_tried() {
    let nobody = free();
    let (code, out, log) = paths(&url(nobody)).await;
    assert_eq!((code, out.as_str()), (Some(3), ""));
    let said = format!("swarm-pong: http://{nobody}/paths: connection refused; ");
    assert!(log.starts_with(&said) && log.contains("swarm-pong paths http://NODE:3000"), "{log}");

    let admin = free();
    let proxy = proxy(1, admin, &[admin]);
    let (code, _, log) = paths(&url(proxy.listen)).await;
    assert_eq!(code, Some(3));
    assert!(log.contains("502 Bad Gateway; the proxy reaches no scoreboard"), "{log}");

    let board = scoreboard(&[nobody]);
    let (code, out, log) = paths(&url(board.listen)).await;
    assert_eq!((code, out.as_str()), (Some(3), ""));
    assert!(log.contains(" has heard of no proxy, so nothing is measured; "), "{log}");
}

#[tokio::test]
async fn what_is_no_scoreboard_s_answer_ends_with_3_and_never_reaches_the_terminal() {
    let evil = "\x1b]0;owned\x07\x1b[2J";
    let path = |from: &str| {
        format!(
            r#"{{"format":1,"board":{{"task":"scoreboard.1","node":"pi1"}},"nodes":2,"pairs":2,
            "measured":1,"broken":0,"paths":[{{"from":"{from}","to":"pi2","trouble":null,
            "cause":null,"knocks":null,"strokes":null}}]}}"#
        )
    };
    assert_eq!(paths(&url(Peer::says(ok(&path("pi1"))).await.address)).await.0, Some(0));
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", "[".repeat(9 << 20));
    for answer in [
        ok(&path("\\u001b[2J")),
        ok(&path(evil)),
        ok(&path("pi1").replace("\"format\":1", "\"format\":9")),
        ok(evil),
        ok(""),
        ok(&"[".repeat(100_000)),
        format!("HTTP/1.1 404 {evil}\r\nContent-Length: 0\r\n\r\n"),
        format!("{evil}\r\n\r\n"),
        endless,
    ] {
        let peer = Peer::says(answer.clone()).await;
        let (code, out, log) = paths(&url(peer.address)).await;
        let answer: String = answer.chars().take(60).collect();
        assert_eq!((code, out.as_str()), (Some(3), ""), "{answer}: {log}");
        assert!(!log.contains('\x1b') && !log.contains('\x07'), "{log:?}");
        assert!(log.contains("not the paths of a swarm-pong"), "{answer}: {log}");
    }
}

#[tokio::test]
async fn what_cannot_be_asked_ends_with_2() {
    for bad in ["pi1", "https://pi1:3000", "http://pi1/rally", "ftp://pi1", "http://pi1:70000"] {
        let (code, _, log) = paths(bad).await;
        assert_eq!(code, Some(2), "{log}");
        assert!(log.contains(&format!("'{bad}'")) && log.contains("http://HOST[:PORT]"), "{log}");
    }
}
