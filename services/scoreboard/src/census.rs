//! Asks every task who it is, again and again, and every proxy what the knock-up came to.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use court::client::{client, read};
use court::fault::Fault;
use court::knock::Report;
use court::roster::Roster;
use court::task::Name;
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use reqwest::Client;
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::news::News;
use crate::tasks::Who;
use crate::turns::Turns;

/// The time between two looks at who is there and whose turn it is: a new task is told of that soon
/// after discovery has reached it.
const EVERY: Duration = Duration::from_millis(125);

/// How many tasks are asked at a look, at most: 64 a second. Where there are more, each waits longer.
const AT_A_LOOK: usize = 8;

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
    let mut turns = Turns::default();
    let mut asked = FuturesUnordered::new();
    let mut beat = interval(EVERY);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = beat.tick() => {
                let listed: Vec<_> =
                    rosters.iter().flat_map(|roster| roster.within_reach()).collect();
                let there = news.board().tasks.listed(&listed);
                let most = AT_A_LOOK.min(AT_ONCE - asked.len());
                let next = turns.next(&there, most).into_iter();
                asked.extend(next.map(|address| ask_one(&news, &client, address)));
            }
            Some(address) = asked.next() => turns.over(address),
        }
    }
}

/// Asks one task who it is, and a proxy for its report; returns whom it has asked.
async fn ask_one(news: &News, client: &Client, address: SocketAddr) -> SocketAddr {
    let answer = timeout(PATIENCE, whoami(client, address)).await;
    match answer.unwrap_or(Err(Fault::Timeout)) {
        Ok(who) => {
            let is_proxy = who.is("proxy");
            news.board().tasks.heard(address, who);
            if news.board().has_newcomer() {
                news.wake();
            }
            if is_proxy {
                let missed = news.board().knocks.missed();
                let answer = timeout(PATIENCE, knock_up(client, address, &missed)).await;
                if let Ok(Ok(report)) = answer {
                    news.board().knocks.hear(report);
                }
            }
        }
        Err(fault) => news.board().tasks.unheard(address, fault),
    }
    address
}

async fn whoami(client: &Client, address: SocketAddr) -> Result<Who, Fault> {
    let body = ask(client, format!("http://{address}/whoami"), MOST).await?;
    serde_json::from_slice(&body).map_err(|_| Fault::Body)
}

/// Asks a proxy for its row, and for those of the nodes that could not be asked themselves.
async fn knock_up(client: &Client, address: SocketAddr, missed: &[Name]) -> Result<Report, Fault> {
    let missed: Vec<&str> = missed.iter().map(Name::as_str).collect();
    let url = format!("http://{address}/knock-up?of={}", missed.join(","));
    let body = ask(client, url, MOST_OF_A_REPORT).await?;
    serde_json::from_slice(&body).map_err(|_| Fault::Body)
}

/// Boxed, so that it is compiled once and not into each of its callers.
fn ask(client: &Client, url: String, most: usize) -> BoxFuture<'_, Result<Vec<u8>, Fault>> {
    Box::pin(async move { read(client.get(url).send().await?, most).await })
}
