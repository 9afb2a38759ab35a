//! What each service counts and measures.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Instant;

use serde_json::Value;

use crate::documented::{documented, exposed};
use crate::http::{PATIENCE, get};
use crate::process::Process;

const OPEN: &str = "Accept: application/openmetrics-text; version=1.0.0";

/// A task of a demo, from the line it logs.
struct Serving {
    service: String,
    listen: SocketAddr,
    admin: SocketAddr,
}

/// Starts a demo of two nodes, each with a player of each side, and waits for all its tasks.
fn demo() -> (Process, Vec<Serving>) {
    let demo = Process::start(&["demo", "--nodes", "2", "--managers", "1"]);
    let names = ["ping", "pong", "proxy", "light"].map(|of| [1, 2].map(|n| format!("{of}.{n}")));
    let one = ["manager.1", "scoreboard.1"].map(str::to_owned);
    let tasks = names.into_iter().flatten().chain(one).map(|task| {
        let line: Value = demo.logged(&["\"message\":\"serving\"", &format!("\"{task}\"")]);
        let text = |field: &str| line[field].as_str().expect("text");
        let port = |field: &str| text(field).parse().expect("an address");
        Serving {
            service: text("service").to_owned(),
            listen: port("listen"),
            admin: port("admin"),
        }
    });
    let tasks = tasks.collect();
    (demo, tasks)
}

#[tokio::test]
async fn every_service_exposes_what_is_documented_and_nothing_else() {
    let (_demo, tasks) = demo();
    for proxy in tasks.iter().filter(|task| task.service == "proxy") {
        assert_eq!(get(proxy.listen, "/rally", &[]).await.status, 200);
    }
    let mut services = BTreeSet::new();
    for Serving { service, admin, .. } in &tasks {
        let mut answer = get(*admin, "/metrics", &[OPEN]).await;
        // Proxies knock at each other half a second after they have found each other.
        let deadline = Instant::now() + PATIENCE;
        while service == "proxy" && !answer.body.contains("pong_knock_seconds_count") {
            assert!(Instant::now() < deadline, "no knock is answered: {}", answer.body);
            answer = get(*admin, "/metrics", &[OPEN]).await;
        }
        assert!(answer.header("content-type").starts_with("application/openmetrics-text"));
        assert!(answer.body.ends_with("# EOF\n"), "{service}");
        assert_eq!(
            exposed(&answer.body),
            documented(service),
            "exposed and documented of {service}"
        );
        services.insert(service.as_str());
    }
    assert_eq!(services.len(), 6, "{services:?}");
}

#[tokio::test]
async fn whoever_does_not_ask_for_open_metrics_gets_prometheus_own_format() {
    let player = Process::start(&["player", "--side", "ping"]);
    let plain = get(player.admin, "/metrics", &["Accept: text/plain"]).await;
    assert_eq!(plain.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert!(plain.body.contains("# TYPE pong_player_strokes_total counter\n"), "{}", plain.body);
    assert!(plain.body.contains("# TYPE pong_build_info gauge\n"), "{}", plain.body);
    let open = get(player.admin, "/metrics", &[OPEN]).await.body;
    let samples = |text: &str| -> Vec<String> {
        text.lines().filter(|line| !line.starts_with('#')).map(str::to_owned).collect()
    };
    assert_eq!(samples(&plain.body), samples(&open));
}

#[tokio::test]
async fn a_thousand_tasks_on_a_thousand_nodes_are_no_more_series_than_a_few() {
    // One player that calls itself otherwise each time, as a thousand tasks would.
    let player = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = player.local_addr().expect("bound").to_string();
    std::thread::spawn(move || {
        for (n, connection) in player.incoming().enumerate() {
            let Ok(mut connection) = connection else { return };
            stranger(&mut connection, n);
        }
    });
    let manager = Process::start(&["manager", "--ping", &at, "--pong", &at, "--node", "pi1"]);
    for _ in 0..1000 {
        get(manager.listen, "/", &[]).await;
    }
    let text = get(manager.admin, "/metrics", &[OPEN]).await.body;
    let pairs = text.lines().filter(|line| line.starts_with("pong_stroke_seconds_count"));
    assert_eq!(pairs.count(), 33, "{text}");
    assert!(text.contains("pong_stroke_seconds_count{from_node=\"pi1\",to_node=\"other\"}"));
    assert!(text.lines().count() < 700, "{} lines", text.lines().count());
}

/// Answers one request with a MISS from a player and node of the number's name.
fn stranger(connection: &mut std::net::TcpStream, n: usize) {
    use std::io::{Read, Write};
    // A connection that only knocks sends nothing.
    if connection.read(&mut [0; 1024]).is_ok_and(|length| length > 0) {
        let answer = format!(
            "HTTP/1.1 200 OK\r\nPong-Player: ping.{n}@node{n}\r\nContent-Length: 4\r\n\
             Connection: close\r\n\r\nMISS"
        );
        let _ = connection.write_all(answer.as_bytes());
    }
}
