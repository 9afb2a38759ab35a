//! Scoreboards as processes.

use std::net::SocketAddr;
use std::time::Duration;

use protocol::snapshot::Snapshot;
use tokio::time::Instant;

use crate::support::http::get;
use crate::support::ports::list;
use crate::support::process::Process;
use crate::support::wait::until;

/// Starts a scoreboard that subscribes to these managers and synchronizes with these scoreboards.
pub(crate) fn scoreboard(
    listen: SocketAddr,
    managers: &[SocketAddr],
    scoreboards: &[SocketAddr],
) -> Process {
    Process::start(&[
        "scoreboard",
        "--listen",
        &listen.to_string(),
        "--managers",
        &list(managers.iter().copied()),
        "--scoreboards",
        &list(scoreboards.iter().copied()),
        "--tasks",
        "127.0.0.1:1",
        "--log-level",
        "info",
    ])
}

/// Starts a scoreboard that knows no other; where there is no manager, nobody listens.
pub(crate) fn one_scoreboard(managers: &[SocketAddr]) -> Process {
    let nobody = [([127, 0, 0, 1], 1).into()];
    let managers = if managers.is_empty() { &nobody } else { managers };
    scoreboard(([127, 0, 0, 1], 0).into(), managers, &nobody)
}

/// Fetches everything from a scoreboard.
pub(crate) async fn fetch(scoreboard: SocketAddr) -> Snapshot {
    get(scoreboard, "/score", &[]).await.parse()
}

/// Waits until a scoreboard has counted so many rallies, and checks that it never counts back.
pub(crate) async fn until_counted(scoreboard: SocketAddr, rallies: u64) -> Duration {
    let started = Instant::now();
    let mut before = 0;
    until("all rallies are counted", async || {
        let now = fetch(scoreboard).await.score.rallies;
        assert!(now >= before, "counted back from {before} to {now}");
        assert!(now <= rallies, "{now} counted of {rallies}");
        before = now;
        (now == rallies).then_some(())
    })
    .await;
    started.elapsed()
}
