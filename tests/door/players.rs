//! Normal clients, who play meanwhile: every rally must be answered.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::support::http::{Connection, Response};

/// How many play at once; half of them keep their connection.
const PLAYERS: usize = 4;

/// The time between two rallies of one player.
const PAUSE: Duration = Duration::from_millis(10);

/// What normal clients have seen.
#[derive(Default)]
pub(crate) struct Played {
    pub(crate) rallies: usize,
    pub(crate) failures: Vec<String>,
    times: Vec<Duration>,
}

impl Played {
    /// Returns the 99th percentile of how long a rally took.
    pub(crate) fn p99(&self) -> Duration {
        let mut times = self.times.clone();
        times.sort_unstable();
        times.get((times.len() * 99).div_ceil(100).max(1) - 1).copied().unwrap_or_default()
    }
}

/// Plays for a while.
pub(crate) fn play(address: SocketAddr, time: Duration) -> Played {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let until = Instant::now() + time;
        let players: JoinSet<Played> =
            (0..PLAYERS).map(|n| player(address, until, n % 2 == 0)).collect();
        let mut all = Played::default();
        for mut played in players.join_all().await {
            all.rallies += played.rallies;
            all.failures.append(&mut played.failures);
            all.times.append(&mut played.times);
        }
        all
    })
}

async fn player(address: SocketAddr, until: Instant, stays: bool) -> Played {
    let mut played = Played::default();
    let mut kept = None;
    while Instant::now() < until {
        let begun = Instant::now();
        match rally(address, &mut kept).await {
            Ok(response) if response.status == 200 => played.rallies += 1,
            Ok(response) => played.failures.push(format!("{} {}", response.status, response.body)),
            Err(error) => played.failures.push(error.to_string()),
        }
        played.times.push(begun.elapsed());
        if !stays {
            kept = None;
        }
        tokio::time::sleep(PAUSE).await;
    }
    played
}

/// Plays a rally; once more if a connection that was kept has closed meanwhile, as any client does
/// (RFC 9112, section 9.3.1).
async fn rally(address: SocketAddr, kept: &mut Option<Connection>) -> std::io::Result<Response> {
    if let Some(connection) = kept.take()
        && let Ok(response) = ask(connection, kept).await
    {
        return Ok(response);
    }
    ask(Connection::open(address).await?, kept).await
}

async fn ask(
    mut connection: Connection,
    kept: &mut Option<Connection>,
) -> std::io::Result<Response> {
    connection.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n").await?;
    let response = connection.response().await?;
    if !response.closes() {
        *kept = Some(connection);
    }
    Ok(response)
}
