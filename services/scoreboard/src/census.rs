//! Asks every task who it is, again and again, and every proxy what the knock-up came to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use court::client::{client, read};
use court::fault::Fault;
use court::knock::Report;
use court::roster::Roster;
use court::task::Name;
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

/// The most bytes an answer to `/whoami` has.
const MOST: usize = 4096;

/// The most bytes of a proxy's report: 17 rows of 16 pairs with the longest names.
const MOST_OF_A_REPORT: usize = 64 * 1024;

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
                let is_proxy = match answer.unwrap_or(Err(Fault::Timeout)) {
                    Ok(who) => {
                        let is_proxy = who.is("proxy");
                        news.board().tasks.heard(address, who);
                        is_proxy
                    }
                    Err(fault) => {
                        news.board().tasks.unheard(address, fault);
                        false
                    }
                };
                if is_proxy {
                    let missed = news.board().knocks.missed();
                    let answer = timeout(PATIENCE, knock_up(&client, address, &missed)).await;
                    if let Ok(Ok(report)) = answer {
                        news.board().knocks.hear(report);
                    }
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

/// Asks a proxy for its row, and for those of the nodes that could not be asked themselves.
async fn knock_up(client: &Client, address: SocketAddr, missed: &[Name]) -> Result<Report, Fault> {
    let missed: Vec<&str> = missed.iter().map(Name::as_str).collect();
    let url = format!("http://{address}/knock-up?of={}", missed.join(","));
    let body = read(client.get(url).send().await?, MOST_OF_A_REPORT).await?;
    serde_json::from_slice(&body).map_err(|_| Fault::Body)
}
