//! Asks every task who it is, again and again.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use court::client::{client, read};
use court::fault::Fault;
use court::roster::Roster;
use futures_util::{StreamExt, stream};
use reqwest::Client;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::news::News;
use crate::tasks::Who;

/// The least time between two rounds.
const EVERY: Duration = Duration::from_secs(1);

/// How many tasks are asked a second at most; where there are more, a round takes longer.
const A_SECOND: usize = 64;

/// How many are asked at once; those that do not answer take their time.
const AT_ONCE: usize = 16;

/// How long a task may take to answer.
const PATIENCE: Duration = Duration::from_secs(1);

/// The most bytes an answer has.
const MOST: usize = 4096;

/// Asks every task that discovery shows, and those it showed before until they fall silent.
pub(crate) async fn take(news: Arc<News>, rosters: Vec<Arc<Roster>>) {
    let client = client();
    let mut beat = interval(EVERY);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        let listed: Vec<_> = rosters.iter().flat_map(|roster| roster.within_reach()).collect();
        let ask = news.board().tasks.listed(&listed);
        let round = ask.len().div_ceil(A_SECOND).max(1);
        stream::iter(ask)
            .for_each_concurrent(AT_ONCE, async |address| {
                let answer = timeout(PATIENCE, whoami(&client, address)).await;
                let tasks = &mut news.board().tasks;
                match answer.unwrap_or(Err(Fault::Timeout)) {
                    Ok(who) => tasks.heard(address, who),
                    Err(fault) => tasks.unheard(address, fault),
                }
            })
            .await;
        for _ in 1..round {
            beat.tick().await;
        }
    }
}

async fn whoami(client: &Client, address: SocketAddr) -> Result<Who, Fault> {
    let answer = client.get(format!("http://{address}/whoami")).send().await?;
    let body = read(answer, MOST).await?;
    serde_json::from_slice(&body).map_err(|_| Fault::Body)
}
