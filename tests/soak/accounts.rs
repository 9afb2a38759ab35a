//! Whether clients, managers and scoreboards counted the same.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use game::Score;
use protocol::event::ManagerScore;
use protocol::sync::{SyncPage, SyncQuery};
use tokio::time::sleep;

use crate::cluster::Cluster;
use crate::counters::{ZERO, add, counters, totals};
use crate::fault::Fault;
use crate::load::clients_per_proxy;
use crate::tally::{Received, Tally};
use crate::violations::Violations;

/// How soon all scoreboards must have all that managers counted: one that has started asks the others
/// each second, and backs off up to 5 s where it could not.
const WITHIN: Duration = Duration::from_secs(15);

/// How much of what a manager counted last may be lost when it is killed: what no scoreboard has
/// received.
pub(crate) const UNPUBLISHED: Duration = Duration::from_secs(1);

/// For how long a manager may play before all scoreboards that are well follow it.
const UNNOTICED: Duration = Duration::from_secs(3);

/// The counters of each manager instance.
type Scores = BTreeMap<String, Score>;

/// The result of the comparison.
#[derive(Debug, Default)]
pub(crate) struct Account {
    /// Rallies that clients received.
    pub(crate) received: u64,
    /// Rallies with a verdict that scoreboards have.
    pub(crate) scored: u64,
    /// Manager instances.
    pub(crate) instances: usize,
    /// Managers killed, and the rallies that clients received and no scoreboard has: in all, and of
    /// one manager at most.
    pub(crate) killed: usize,
    pub(crate) lost: u64,
    pub(crate) most_lost: u64,
    /// How long before the kill the first of them was received.
    pub(crate) longest: Duration,
    /// Rallies that were played and counted, and that no client received, since what carried them was
    /// lost or another manager was asked meanwhile.
    pub(crate) unseen: u64,
}

/// Compares what clients received with what managers and scoreboards have counted.
pub(crate) async fn compare(cluster: &Cluster, tally: &Tally, violations: &Violations) -> Account {
    let deadline = Instant::now() + WITHIN;
    let scores = loop {
        match agreed(cluster).await {
            Ok(scores) => break scores,
            Err(reason) if Instant::now() > deadline => {
                violations.add(reason);
                break Scores::new();
            }
            Err(_) => sleep(Duration::from_millis(200)).await,
        }
    };
    let mut account = Account { instances: scores.len(), ..Account::default() };
    let (mut scored, mut received) = (ZERO, ZERO);
    for score in scores.values() {
        scored = add(scored, counters(score));
    }
    let killed = killed_instances(cluster, tally);
    tally.read(|counts| {
        for (instance, of) in &counts.received {
            let has = counters(&of.score);
            received = add(received, has);
            let published = scores.get(instance).map_or(ZERO, counters);
            let lost = totals(&has).rallies.saturating_sub(totals(&published).rallies);
            let killed = killed.get(instance);
            let less = has.iter().zip(&published).any(|(has, published)| has > published);
            let Some(at) = killed else {
                // One that stops before any scoreboard follows it has told nobody.
                let lived = of.recent.back().zip(of.first).map(|(last, first)| *last - first);
                if less && lived > Some(UNNOTICED) {
                    violations.add(format!(
                        "{} ({instance}) played for {lived:?}, was not killed and published \
                         {published:?}, but clients received {has:?}",
                        of.manager
                    ));
                }
                continue;
            };
            account.killed += 1;
            account.lost += lost;
            account.most_lost = account.most_lost.max(lost);
            let lived = of.first.map_or(Duration::ZERO, |first| at.saturating_duration_since(first));
            let first_lost = of.recent.len().saturating_sub(lost as usize);
            let since = of.recent.get(first_lost).map(|then| at.saturating_duration_since(*then));
            account.longest = account.longest.max(since.unwrap_or_default());
            if since > Some(UNPUBLISHED) && lived > UNNOTICED {
                let suffered = cluster.faults(*at - Duration::from_secs(10), *at);
                violations.add(format!(
                    "{} ({instance}) was killed {lived:?} after its first rally, and with it {lost} \
                     rallies, those of its last {since:?}; in the 10 s before: {suffered:?}",
                    of.manager
                ));
            }
        }
    });
    account.received = totals(&received).rallies;
    account.scored = totals(&scored).rallies;
    account.unseen = (account.scored + account.lost).saturating_sub(account.received);
    let interrupting =
        cluster.tasks().iter().filter(|task| !["scoreboard", "light"].contains(&task.service));
    let faults: usize = interrupting.map(|task| task.all_faults().len()).sum();
    let most = faults * clients_per_proxy() * cluster.of("proxy").len();
    if account.unseen > most as u64 {
        violations.add(format!("{} rallies were played and not received", account.unseen));
    }
    account
}

/// Returns the manager instances that were killed, and when.
fn killed_instances(cluster: &Cluster, tally: &Tally) -> BTreeMap<String, Instant> {
    let mut killed = BTreeMap::new();
    for manager in cluster.of("manager") {
        let name = format!("{}@{}", manager.name, manager.node);
        for (fault, at) in manager.all_faults() {
            if fault != Fault::Kill {
                continue;
            }
            tally.read(|counts| {
                // Its last rallies may have been on their way; the next one starts later.
                let was_there = |of: &Received| of.manager == name && of.first < Some(at);
                let there = counts.received.iter().filter(|(_, of)| was_there(of));
                if let Some((instance, _)) = there.max_by_key(|(_, of)| of.recent.back().copied()) {
                    // The next one may be killed before anybody hears of it.
                    killed.entry(instance.clone()).or_insert(at);
                }
            });
        }
    }
    killed
}

/// Returns what all scoreboards have, if they have the same and it is what managers have counted.
async fn agreed(cluster: &Cluster) -> Result<Scores, String> {
    let mut all = Vec::new();
    for scoreboard in cluster.of("scoreboard") {
        let scores = of_scoreboard(scoreboard.direct()).await;
        all.push(scores.map_err(|error| format!("{}: {error}", scoreboard.name))?);
    }
    for (scores, other) in all.iter().zip(&all[1..]) {
        if scores != other {
            let rallies = |scores: &Scores| scores.values().map(Score::rallies).sum::<u64>();
            let (one, other) = (rallies(scores), rallies(other));
            return Err(format!("scoreboards disagree: {one} and {other} rallies"));
        }
    }
    let scores = all.swap_remove(0);
    for manager in cluster.of("manager") {
        let counted = of_manager(manager.direct()).await;
        let counted = counted.map_err(|error| format!("{}: {error}", manager.name))?;
        let instance = counted.instance.to_string();
        let published = scores.get(&instance).copied().unwrap_or_default();
        if published != counted.score {
            let (name, score) = (&manager.name, counted.score);
            return Err(format!("{name} has {score:?}, scoreboards have {published:?}"));
        }
    }
    Ok(scores)
}

async fn of_scoreboard(address: SocketAddr) -> Result<Scores, Box<dyn std::error::Error>> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    let mut scores = Scores::new();
    let mut query = SyncQuery::default();
    loop {
        let mut url = format!("http://{address}/sync");
        if let SyncQuery { instance: Some(instance), since: Some(since), seen: Some(seen) } = &query
        {
            url += &format!("?instance={instance}&since={since}&seen={seen}");
        }
        let page: SyncPage = serde_json::from_str(&client.get(url).send().await?.text().await?)?;
        if page.instances.is_empty() {
            return Ok(scores);
        }
        scores.extend(page.instances.iter().map(|(id, score)| (id.to_string(), *score)));
        let (since, seen) = (Some(page.revision), Some(page.seen));
        query = SyncQuery { instance: Some(page.instance), since, seen };
    }
}

/// Reads a manager's counters, with which its feed begins.
async fn of_manager(address: SocketAddr) -> Result<ManagerScore, Box<dyn std::error::Error>> {
    let client = reqwest::Client::builder().no_proxy().timeout(WITHIN).build()?;
    let mut feed = client.get(format!("http://{address}/events")).send().await?;
    let mut text = String::new();
    while let Some(piece) = feed.chunk().await? {
        text += std::str::from_utf8(&piece)?;
        let complete = text.rsplit_once('\n').map_or("", |(complete, _)| complete);
        let mut lines = complete.lines().skip_while(|line| *line != "event: score");
        if let Some(data) = lines.nth(1).and_then(|line| line.strip_prefix("data: ")) {
            return Ok(serde_json::from_str(data)?);
        }
    }
    Err("a feed without a score".into())
}
