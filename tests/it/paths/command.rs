//! `swarm-pong paths`: its table and its exit codes.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};

use protocol::path::PathList;

use super::cluster::{AdminPorts, proxy, scoreboard, until, until_paths};
use super::fake_proxy::{FakeProxy, ok};
use crate::support::ports::reserve;
use crate::support::process::Process;

/// Runs the command; returns its exit code, what it printed, and what it reported on stderr.
pub(crate) async fn paths(url: &str) -> (Option<i32>, String, String) {
    paths_with(&[url]).await
}

async fn paths_with(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut process = Process::spawn(&[&["paths"], arguments].concat(), &[]);
    tokio::task::spawn_blocking(move || (process.code(), process.out(), process.log()))
        .await
        .expect("it ended")
}

pub(crate) fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}

#[tokio::test]
async fn exits_0_when_all_paths_are_ok() {
    let demo = Process::start(&["demo", "--nodes", "3"]);
    until(demo.listen, "measured", |list| list.measured == 6).await;
    let (code, out, log) = paths(&url(demo.listen)).await;
    assert_eq!((code, log.as_str()), (Some(0), ""), "{out}");
    assert!(out.starts_with("3 nodes, 6 of 6 pairs measured, none broken; "), "{out}");
    assert!(out.contains("\npublished ports: not configured, see proxy --published\n"), "{out}");
    assert!(out.contains("\npi1   pi2  ") && !out.contains('\x1b'), "{out}");
    let address = demo.listen.to_string();
    let mut json = Process::spawn(&["paths", &address, "--json"], &[]);
    assert_eq!(json.code(), Some(0), "without a scheme too: {}", json.log());
    let list: PathList = serde_json::from_str(&json.out()).expect("the paths");
    assert_eq!((list.nodes, list.paths.len()), (3, 6));
    let by_variable = Process::spawn(&["paths"], &[("PONG_URL", &url(demo.listen))]).code();
    assert_eq!(by_variable, Some(0));
}

#[tokio::test]
async fn exits_1_and_lists_broken_paths_first() {
    let ports = AdminPorts::<3>::reserve();
    let _others = [ports.proxy(1), ports.proxy(2)];
    let mut third = ports.proxy(3);
    let scoreboard = scoreboard(&ports.addresses());
    until_paths(scoreboard.listen, 6, &[]).await;
    third.kill();
    until(scoreboard.listen, "two broken", |list| list.broken == 2).await;
    let (code, out, _) = paths(&url(scoreboard.listen)).await;
    assert_eq!(code, Some(1), "{out}");
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines[0].contains(", 2 broken; reported by "), "{out}");
    assert!(lines[4].starts_with("pi1   pi3  BROKEN refused  "), "{out}");
    assert!(lines[5].starts_with("pi2   pi3  BROKEN refused  "), "{out}");
    assert_eq!(lines.iter().filter(|line| line.starts_with("refused: ")).count(), 1, "{out}");
}

#[tokio::test]
async fn exits_3_when_the_table_cannot_be_written() {
    let demo = Process::start(&["demo", "--nodes", "1"]);
    let run = |to: &str| {
        let line = format!("\"$0\" paths http://{} {to}", demo.listen);
        let mut shell = std::process::Command::new("/bin/sh");
        shell.args(["-c", &line, env!("CARGO_BIN_EXE_swarm-pong")]).output().expect("a shell")
    };
    let full = run(">/dev/full");
    assert_eq!(full.status.code(), Some(3));
    let said = String::from_utf8_lossy(&full.stderr);
    assert!(said.contains("the table could not be written: "), "{said}");
    assert_eq!(run("| true; exit 0").stderr, b"", "a reader that has gone is no error");
}

#[tokio::test]
async fn exits_3_with_every_attempt_when_nobody_answers() {
    let nobody = reserve();
    let (code, out, log) = paths(&url(nobody.address)).await;
    assert_eq!((code, out.as_str()), (Some(3), ""));
    let expected = format!("swarm-pong: http://{}/paths: connection refused; ", nobody.address);
    assert!(log.starts_with(&expected) && log.contains("swarm-pong paths NODE"), "{log}");

    let admin = reserve();
    let proxy = proxy(1, admin.address, &[admin.address]);
    let (code, _, log) = paths(&url(proxy.listen)).await;
    assert_eq!(code, Some(3));
    assert!(log.contains("502 Bad Gateway; the proxy reaches no scoreboard"), "{log}");

    let scoreboard = scoreboard(&[nobody.address]);
    let (code, out, log) = paths(&url(scoreboard.listen)).await;
    assert_eq!((code, out.as_str()), (Some(3), ""));
    assert!(log.contains(" has no probe reports yet; "), "{log}");
}

#[tokio::test]
async fn the_history_exits_1_while_a_path_is_in_trouble() {
    let timeline = |end: &str| {
        format!(
            r#"{{"format":1,"scoreboard":{{"task":"scoreboard.1","node":"pi1"}},"entries":[
            {{"at":1764170090000{end},"kind":"path","from":"pi1","to":"pi3","cause":"loss"}},
            {{"at":1764170080000,"kind":"back","node":"pi3"}}]}}"#
        )
    };
    let back = "2025-11-26T15:14:40Z  pi3 back\n2025-11-26T15:14:50Z  pi1 to pi3: loss";
    for (end, code, last) in [("", 1, "\n"), (r#","end":1764170150000"#, 0, ", for 1m\n")] {
        let fake = FakeProxy::answering(ok(&timeline(end))).await;
        let history = paths_with(&["--history", &url(fake.address)]).await;
        assert_eq!(history, (Some(code), format!("{back}{last}"), String::new()));
    }
}

#[tokio::test]
async fn exits_3_on_what_no_scoreboard_answers_and_keeps_it_off_the_terminal() {
    let evil = "\x1b]0;owned\x07\x1b[2J";
    let path = |from: &str| {
        format!(
            r#"{{"format":3,"scoreboard":{{"task":"scoreboard.1","node":"pi1"}},"nodes":2,
            "pairs":2,"measured":1,"broken":0,"lossy":0,"troubles":[],"paths":[{{"from":"{from}","to":"pi2","state":"ok",
            "cause":null,"probes":null,"strokes":null}}]}}"#
        )
    };
    let valid = FakeProxy::answering(ok(&path("pi1"))).await;
    assert_eq!(paths(&url(valid.address)).await.0, Some(0));
    let endless = format!("HTTP/1.1 200 OK\r\n\r\n{}", "[".repeat(9 << 20));
    for answer in [
        ok(&path("\\u001b[2J")),
        ok(&path(evil)),
        ok(&path("pi1").replace("\"format\":3", "\"format\":9")),
        ok(evil),
        ok(""),
        ok(&"[".repeat(100_000)),
        format!("HTTP/1.1 404 {evil}\r\nContent-Length: 0\r\n\r\n"),
        format!("{evil}\r\n\r\n"),
        endless,
    ] {
        let fake = FakeProxy::answering(answer.clone()).await;
        let (code, out, log) = paths(&url(fake.address)).await;
        let answer: String = answer.chars().take(60).collect();
        assert_eq!((code, out.as_str()), (Some(3), ""), "{answer}: {log}");
        assert!(!log.contains('\x1b') && !log.contains('\x07'), "{log:?}");
        assert!(log.contains("not the paths of a swarm-pong"), "{answer}: {log}");
    }
}

/// Starts a server that answers its first client with this.
fn answering(answer: &'static str) -> SocketAddr {
    let server = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = server.local_addr().expect("bound");
    std::thread::spawn(move || {
        let (mut client, _) = server.accept().expect("a client");
        // Read first: closing with a request unread would reset the connection.
        let _ = client.read(&mut [0; 2048]);
        client.write_all(answer.as_bytes()).expect("sent");
    });
    address
}

#[tokio::test]
async fn a_wrong_port_is_told_by_what_answers_there() {
    let light = Process::start(&["light", "--managers", "127.0.0.1:1", "--lamp", "simulated"]);
    let nginx = "HTTP/1.1 200 OK\r\nServer: nginx/1.22\r\nContent-Length: 2\r\n\r\nok";
    let nginx = answering(nginx);
    let ssh = answering("SSH-2.0-OpenSSH_9.2\r\n");
    for (address, expected) in [
        (
            light.admin,
            "the admin port of a light answers there (404 Not Found); ask a node's port 3000",
        ),
        (nginx, "'nginx/1.22' answers there (200 OK); ask"),
        (ssh, "what answers there does not speak HTTP; ask"),
    ] {
        let (code, _, log) = paths(&address.to_string()).await;
        assert_eq!(code, Some(3), "{log}");
        assert!(log.contains(expected), "{log}");
    }
}

#[tokio::test]
async fn a_proxy_that_hangs_is_given_up_after_the_timeout() {
    let hung = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = hung.local_addr().expect("bound").to_string();
    let mut process = Process::spawn(&["paths", &address, "--timeout", "50ms"], &[]);
    assert_eq!(process.code(), Some(3));
    assert!(process.log().contains(": timed out; "), "{}", process.log());
}

#[tokio::test]
async fn exits_2_on_an_invalid_url() {
    for bad in [":3000", "https://pi1:3000", "pi1/rally", "ftp://pi1", "http://pi1:70000"] {
        let (code, _, log) = paths(bad).await;
        assert_eq!(code, Some(2), "{log}");
        assert!(
            log.contains(&format!("'{bad}'")) && log.contains("not HOST[:PORT], such as pi1"),
            "{log}"
        );
    }
}
