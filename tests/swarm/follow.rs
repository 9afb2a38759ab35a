//! Reads a manager's own counters from its feed.
//!
//! The test runs itself once more in the network of each manager's container, where the feed is to
//! be had without a port of the cluster's being opened for it.

use std::io::Write;
use std::process::Stdio;
use std::time::Duration;

use court::event::Counted;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, stdin};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::interval;

use crate::ledger::Ledger;
use crate::swarm::{Engine, ROOT};
use crate::watch::Event;

/// Follows the feed of every manager that starts, for as long as it has one.
pub(crate) async fn all(mut started: mpsc::UnboundedReceiver<Event>, ledger: Ledger) {
    while let Some(event) = started.recv().await {
        if event.task.starts_with("manager.") {
            tokio::spawn(one(event, ledger.clone()));
        }
    }
}

async fn one(event: Event, ledger: Ledger) {
    let Some(mut child) = within(&event).await else { return };
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let counted: Counted = serde_json::from_str(&line).expect("a score");
        ledger.count(&event, counted);
    }
    ledger.close(&event).await;
}

/// Runs `follow` in the container's network; none if the container has ended already.
async fn within(event: &Event) -> Option<Child> {
    let path = format!("/containers/{}/json", event.container);
    let container = Engine::of(event.node).json(&path, json!({})).await.ok()?;
    let pid = container["State"]["Pid"].as_u64().filter(|pid| *pid > 0)?;
    let this = std::env::current_exe().expect("Linux tells");
    Command::new(format!("{ROOT}/tests/swarm/cluster"))
        .args(["enter", event.node, &pid.to_string()])
        .arg(this)
        .arg("follow")
        // Kept open for as long as the test lives, however it ends.
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .ok()
}

/// Writes each score of the feed here to stdout, a line each, until the feed or stdin ends.
pub(crate) async fn follow() {
    let (mut stdin, mut nothing) = (stdin(), [0]);
    tokio::select! {
        _ = stdin.read(&mut nothing) => {}
        () = tell() => {}
    }
}

async fn tell() {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    // The process may have started a moment ago.
    let mut beat = interval(Duration::from_millis(50));
    let mut feed = loop {
        beat.tick().await;
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
