//! One scenario: clients under which the cluster is changed, and what became of their requests.

use std::time::{Duration, SystemTime};

use protocol::snapshot::Snapshot;

use crate::cluster::{NODES, url};
use crate::load::{Load, Record};
use crate::table::{Line, print};
use crate::wait::until;

/// How soon after the clients have stopped a scoreboard has all that managers counted.
const SCORE_WITHIN: u64 = 10;

/// All scenarios played so far.
#[derive(Default)]
pub(crate) struct TestRun {
    pub(crate) lines: Vec<Line>,
}

/// The scenario that is being played.
pub(crate) struct Scenario {
    pub(crate) load: Load,
    pub(crate) started: SystemTime,
    pub(crate) notes: Vec<String>,
}

/// What a scenario breaks.
#[derive(Clone, Copy, Default)]
pub(crate) struct Allowance {
    /// The node whose clients may lose a rally that is being sent, since its proxy is killed.
    pub(crate) broken: Option<&'static str>,
    /// Managers and scoreboards may be killed before they have told each other all they counted.
    pub(crate) uncounted: bool,
}

impl TestRun {
    /// Plays a scenario: zero rallies may be lost, however the cluster is changed meanwhile.
    pub(crate) async fn play(
        &mut self,
        name: &str,
        act: impl AsyncFnOnce(&mut Scenario) -> Allowance,
    ) {
        print(&format!("\n{name}"));
        let before = score().await;
        let started = SystemTime::now();
        let mut scenario = Scenario { load: Load::start(), started, notes: Vec::new() };
        let allowance = act(&mut scenario).await;
        let records = scenario.load.stop().await;
        let seconds = started.elapsed().unwrap_or_default().as_secs_f64();
        let mut line = Line::new(name, seconds);
        line.notes = scenario.notes;
        for record in &records {
            judge(record, allowance, &mut line);
        }
        for node in NODES {
            if let Some(gap) = longest_gap(&records, node) {
                line.notes.push(format!("{node} did not answer for {:.1} s", gap.as_secs_f64()));
            }
        }
        compare_score(before, allowance, &mut line).await;
        line.print_details();
        self.lines.push(line);
    }
}

impl Scenario {
    /// Waits until exactly so many players of a side play, and lately no other.
    pub(crate) async fn until_players(&self, side: &str, count: usize) {
        until(&format!("{count} players of {side}"), 120, async || {
            let lately = SystemTime::now() - Duration::from_secs(2);
            self.load.players(side, lately).len() == count
        })
        .await;
        let seconds = self.started.elapsed().unwrap_or_default().as_secs_f64();
        print(&format!("   {count} players of {side} after {seconds:.1} s"));
    }
}

/// Counts one request in its column; a loss that the scenario does not explain is a fault.
fn judge(record: &Record, allowance: Allowance, line: &mut Line) {
    line.requests += 1;
    match &record.result {
        Ok(rally) if rally.verdict.name() == "let" => {
            line.lets += 1;
            line.faults.push(format!("a let at {}: {}", record.node, rally.id));
        }
        Ok(_) => {
            line.rallies += 1;
            line.slowest = line.slowest.max(record.took);
        }
        Err(_) if allowance.broken == Some(record.node) && !record.second => line.closed += 1,
        Err(_) if record.is_closed() && !record.second => line.closed += 1,
        Err(failure) => {
            line.failed += 1;
            line.faults.push(format!("lost at {}: {failure}", record.node));
        }
    }
}

/// Returns the longest time from the first request that a node did not answer to its next rally.
fn longest_gap(records: &[Record], node: &str) -> Option<Duration> {
    let mut here: Vec<&Record> = records.iter().filter(|record| record.node == node).collect();
    here.sort_by_key(|record| record.requested + record.took);
    let (mut since, mut longest) = (None, None);
    for record in here {
        if record.result.is_err() {
            since = since.or(Some(record.requested));
        } else if let Some(since) = since.take() {
            let ended = record.requested + record.took;
            longest = longest.max(ended.duration_since(since).ok());
        }
    }
    longest
}

/// Returns the rallies that the scoreboards counted; none before there are scoreboards.
async fn score() -> Option<u64> {
    let response = reqwest::get(url(NODES[0]) + "/score").await.ok()?.error_for_status().ok()?;
    let snapshot: Snapshot = serde_json::from_str(&response.text().await.ok()?).ok()?;
    Some(snapshot.score.rallies)
}

/// Compares the rallies that clients received with those that scoreboards counted.
async fn compare_score(before: Option<u64>, allowance: Allowance, line: &mut Line) {
    let wanted = before.unwrap_or_default() + line.rallies as u64;
    let deadline = SystemTime::now() + Duration::from_secs(SCORE_WITHIN);
    let mut counted = None;
    until("the score", SCORE_WITHIN + 5, async || {
        counted = score().await;
        counted == Some(wanted) || SystemTime::now() > deadline
    })
    .await;
    let growth = counted.map(|counted| counted.saturating_sub(before.unwrap_or_default()));
    let text = format!("clients received {} rallies; scoreboards counted {growth:?}", line.rallies);
    if counted != Some(wanted) && !allowance.uncounted {
        line.faults.push(text.clone());
    }
    line.notes.push(text);
}
