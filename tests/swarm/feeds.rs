//! Reads managers' counters from their feeds.
//!
//! The test runs itself again in the network of each manager's container, where the feed can be read
//! without publishing a port for it.

use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use protocol::event::ManagerScore;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, stdin};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::interval;

use crate::docker_events::Event;
use crate::ledger::Ledger;
use crate::swarm::{Engine, ROOT};

/// Records the feed of every manager that starts, until it ends.
pub(crate) async fn subscribe(mut started: mpsc::UnboundedReceiver<Event>, ledger: Ledger) {
    while let Some(event) = started.recv().await {
        if event.task.starts_with("manager.") {
            tokio::spawn(record(event, ledger.clone()));
        }
    }
}

async fn record(event: Event, ledger: Ledger) {
    let Some(mut child) = start_within(&event).await else { return };
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let score: ManagerScore = serde_json::from_str(&line).expect("a score");
        ledger.record(&event, &score);
    }
    ledger.close(&event).await;
}

/// Runs `scores` in the container's network; none if the container has ended already.
async fn start_within(event: &Event) -> Option<Child> {
    let path = format!("/containers/{}/json", event.container);
    let container = Engine::of(event.node).json(&path, json!({})).await.ok()?;
    let pid = container["State"]["Pid"].as_u64().filter(|pid| *pid > 0)?;
    let this = std::env::current_exe().expect("Linux knows it");
    Command::new(format!("{ROOT}/lab/cluster"))
        .args(["enter", event.node, &pid.to_string()])
        .arg(this)
        .arg("scores")
        // Stays open for as long as the test runs, however it ends.
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .ok()
}

/// Prints each score of this network's feed to stdout, one per line, until the feed or stdin ends.
pub(crate) async fn print_scores() {
    let mut stdin = stdin();
    let mut nothing = [0];
    tokio::select! {
        _ = stdin.read(&mut nothing) => {}
        () = read_feed() => {}
    }
}

async fn read_feed() {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    // The process may have started a moment ago.
    let mut retry = interval(Duration::from_millis(50));
    let mut feed = loop {
        retry.tick().await;
        if let Ok(feed) = client.get("http://127.0.0.1:3000/events").send().await {
            break feed;
        }
    };
    let mut text = Vec::new();
    while let Ok(Some(piece)) = feed.chunk().await {
        text.extend_from_slice(&piece);
        while let Some(end) = text.windows(2).position(|two| two == b"\n\n") {
            let event: Vec<u8> = text.drain(..end + 2).collect();
            if let Some(score) = event.strip_prefix(b"event: score\ndata: ") {
                let written = std::io::stdout().write_all(&score[..score.len() - 1]);
                if written.is_err() {
                    return;
                }
            }
        }
    }
}
