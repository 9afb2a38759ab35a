//! The metrics of each service.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use crate::support::http::get;
use crate::support::log::LISTENING;
use crate::support::metrics::{documented, exposed};
use crate::support::peer::{answer_check, sign};
use crate::support::process::{Process, address};
use crate::support::wait::until;

const OPEN: &str = "Accept: application/openmetrics-text; version=1.0.0";

/// A task of a demo, from the line it logs.
struct Serving {
    service: String,
    listen: Option<SocketAddr>,
    admin: SocketAddr,
}

/// Starts a demo of two nodes, each with a player of each side, and waits for all its tasks.
fn demo() -> (Process, Vec<Serving>) {
    let demo = Process::start(&["demo", "--nodes", "2", "--managers", "1"]);
    let names = ["ping", "pong", "proxy", "light"].map(|of| [1, 2].map(|n| format!("{of}.{n}")));
    let one = ["manager.1", "scoreboard.1"].map(str::to_owned);
    let tasks = names.into_iter().flatten().chain(one).map(|task| {
        let line = demo.logged(LISTENING, &[("span.task", &task)]);
        Serving {
            service: line["span"]["service"].as_str().expect("a service").to_owned(),
            listen: address(&line, "listen"),
            admin: address(&line, "admin").expect("every service has one"),
        }
    });
    let tasks = tasks.collect();
    (demo, tasks)
}

#[tokio::test]
async fn every_service_exposes_what_is_documented_and_nothing_else() {
    let (_demo, tasks) = demo();
    for proxy in tasks.iter().filter(|task| task.service == "proxy") {
        assert_eq!(get(proxy.listen.expect("a public port"), "/rally", &[]).await.status, 200);
    }
    let mut services = BTreeSet::new();
    for Serving { service, admin, .. } in &tasks {
        // Proxies probe each other half a second after they have found each other, and jitter is between
        // two datagrams.
        let answer = until("probes are answered", async || {
            let answer = get(*admin, "/metrics", &[OPEN]).await;
            let probed = answer.body.contains("pong_probe_jitter_seconds{");
            (service != "proxy" || probed).then_some(answer)
        })
        .await;
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
async fn the_text_format_is_the_default() {
    let player = Process::start(&["player", "--side", "ping"]);
    let plain = get(player.admin, "/metrics", &["Accept: text/plain"]).await;
    assert_eq!(plain.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert!(plain.body.contains("# TYPE pong_player_strokes_total counter\n"), "{}", plain.body);
    assert!(plain.body.contains("# TYPE pong_build_info gauge\n"), "{}", plain.body);
    let open = get(player.admin, "/metrics", &[OPEN]).await.body;
    let samples = |text: &str| -> Vec<String> {
        // What the process uses, connections among it, may have changed in between.
        let changes = ["#", "process_", "pong_connections "];
        let lines = text.lines().filter(|line| !changes.iter().any(|with| line.starts_with(with)));
        lines.map(str::to_owned).collect()
    };
    assert_eq!(samples(&plain.body), samples(&open));
}

#[tokio::test]
async fn a_thousand_tasks_on_a_thousand_nodes_make_33_series() {
    // One player that names itself differently each time, as a thousand tasks would.
    let player = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let at = player.local_addr().expect("bound").to_string();
    std::thread::spawn(move || {
        for (n, connection) in player.incoming().enumerate() {
            let Ok(mut connection) = connection else { return };
            answer(&mut connection, n);
        }
    });
    let manager = Process::start(&["manager", "--ping", &at, "--pong", &at, "--node", "pi1"]);
    for _ in 0..1000 {
        get(manager.listen, "/", &[]).await;
    }
    let text = get(manager.admin, "/metrics", &[OPEN]).await.body;
    let pairs = text.lines().filter(|line| line.starts_with("pong_stroke_duration_seconds_count"));
    assert_eq!(pairs.count(), 33, "{text}");
    assert!(
        text.contains("pong_stroke_duration_seconds_count{from_node=\"pi1\",to_node=\"other\"}")
    );
    assert!(text.lines().count() < 700, "{} lines", text.lines().count());
}

/// Answers one request with a MISS from the n-th player on the n-th node.
fn answer(connection: &mut std::net::TcpStream, n: usize) {
    use std::io::{Read, Write};
    let mut request = [0; 1024];
    let length = connection.read(&mut request).unwrap_or_default();
    let request = String::from_utf8_lossy(&request[..length]);
    if !request.is_empty() {
        let answer = format!(
            "HTTP/1.1 200 OK\r\nPong-Player: ping.{n}@node{n}\r\nContent-Length: 4\r\n\
             Connection: close\r\n\r\nMISS"
        );
        let answer = answer_check(&request).unwrap_or_else(|| sign(&request, answer.as_bytes()));
        let _ = connection.write_all(&answer);
    }
}
