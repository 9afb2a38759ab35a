//! Scoreboards as processes, and what they tell.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, interval};

use crate::http::{PATIENCE, get};
use crate::process::Process;

/// A port that nobody has, for a scoreboard that others must know before it starts.
pub(crate) fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound")
}

pub(crate) fn list(addresses: &[SocketAddr]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

/// Starts a scoreboard that follows these managers and asks these scoreboards.
pub(crate) fn scoreboard(at: SocketAddr, managers: &[SocketAddr], peers: &[SocketAddr]) -> Process {
    Process::start(&[
        "scoreboard",
        "--listen",
        &at.to_string(),
        "--managers",
        &list(managers),
        "--peers",
        &list(peers),
        "--whoami",
        "127.0.0.1:1",
        "--log-level",
        "info",
    ])
}

/// Returns everything a scoreboard tells.
pub(crate) async fn told(board: SocketAddr) -> Value {
    get(board, "/score", &[]).await.json()
}

/// Waits until a scoreboard has counted so many rallies, and sees that it never counts back.
pub(crate) async fn until_counted(board: SocketAddr, rallies: u64) -> Duration {
    let begun = Instant::now();
    let mut beat = interval(Duration::from_millis(20));
    let mut before = 0;
    loop {
        beat.tick().await;
        let now = told(board).await["score"]["rallies"].as_u64().expect("a number");
        assert!(now >= before, "counted back from {before} to {now}");
        assert!(now <= rallies, "{now} counted of {rallies}");
        if now == rallies {
            return begun.elapsed();
        }
        before = now;
        assert!(begun.elapsed() < PATIENCE, "{now} counted of {rallies}");
    }
}
