//! Whether scoreboards are right: their tasks are those of `docker stack ps`, their score is the sum
//! of the managers' counters, and all of them agree.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::{Duration, SystemTime};

use protocol::snapshot::{Snapshot, TaskState};
use protocol::task::Task;
use reqwest::Client;
use tokio::time::{Instant, interval, timeout};

use crate::accounting::{Account, Losses};
use crate::counters::{Counters, ZERO, add, counters, totals};
use crate::docker_events::task_name;
use crate::ledger::Entry;
use crate::swarm::{NODES, shell};

/// How soon after the clients have stopped every scoreboard must show the tasks that run. It usually
/// takes a second or two; after a partition, Docker's nodes exchange the names they missed up to half
/// a minute later (libnetwork's bulk sync), and a scoreboard shows what discovery finds.
const TASKS_WITHIN: Duration = Duration::from_secs(45);

/// How soon after that a scoreboard must have all that managers counted: it may have discovered a
/// manager just now, whose feed it then connects to; managers publish twenty times a second.
const SCORE_WITHIN: Duration = Duration::from_secs(3);

/// For how long a manager that was killed, or lost with its node, may have counted unnoticed: a
/// scoreboard discovers a new manager within a second, and feeds publish twenty times a second.
const UNPUBLISHED: Duration = Duration::from_secs(1);

/// What outlasts a scenario.
#[derive(Debug, Default)]
pub(crate) struct Scoreboards {
    /// Manager instances that ended before the scoreboards started.
    before: HashSet<String>,
    /// What managers counted and lost before any scoreboard received it.
    unpublished: Counters,
}

/// The tasks that run.
type Placement = BTreeSet<Task>;

impl Scoreboards {
    /// Forgets everything, since new scoreboards start at zero.
    pub(crate) fn reset(&mut self, base: &HashMap<String, Entry>) {
        *self = Self { before: base.keys().cloned().collect(), unpublished: ZERO };
    }

    /// Compares the scoreboards with Docker and with the ledger; rallies were played at `rate` a
    /// second.
    pub(crate) async fn compare(
        &mut self,
        entries: &HashMap<String, Entry>,
        losses: &Losses,
        rate: f64,
        account: &mut Account,
    ) {
        let relevant = entries.iter().filter(|(instance, _)| !self.before.contains(*instance));
        let counted = relevant.map(|(_, entry)| counters(&entry.score)).fold(ZERO, add);
        let started = Instant::now();
        let mut interval = interval(Duration::from_millis(200));
        let mut snapshots = BTreeMap::new();
        let mut placed = Placement::new();
        let mut right_since = None;
        while started.elapsed() < TASKS_WITHIN {
            interval.tick().await;
            placed = placement().await;
            for node in NODES {
                if let Some(snapshot) = fetch(node).await {
                    snapshots.insert(snapshot.scoreboard.clone(), snapshot);
                }
            }
            snapshots.retain(|scoreboard, _| placed.contains(scoreboard));
            let is_scoreboard = |task: &&Task| task.name.as_str().starts_with("scoreboard.");
            let scoreboards = placed.iter().filter(is_scoreboard).count();
            let all = snapshots.len() == scoreboards;
            if all && snapshots.values().all(|snapshot| tasks(snapshot) == placed) {
                let agrees = |snapshot: &Snapshot| self.score(snapshot) == counted;
                if !snapshots.values().all(agrees) {
                    let since = *right_since.get_or_insert_with(Instant::now);
                    if since.elapsed() < SCORE_WITHIN {
                        continue;
                    }
                    break;
                }
                account.notes.push(format!(
                    "{scoreboards} scoreboards have {} in all, and the {} tasks of docker stack ps{}",
                    totals(&counted),
                    placed.len(),
                    later(started.elapsed())
                ));
                return;
            }
        }
        let is_lost = |entry: &&Entry| {
            losses.killed.contains(&entry.container) || losses.nodes.contains(&entry.node)
        };
        let max_unpublished =
            entries.values().filter(is_lost).count() as f64 * rate * UNPUBLISHED.as_secs_f64();
        self.explain(&snapshots, &placed, counted, (max_unpublished, started.elapsed()), account);
    }

    /// Returns a scoreboard's counters with those that no scoreboard could receive.
    fn score(&self, snapshot: &Snapshot) -> Counters {
        add(counters(&snapshot.score.score), self.unpublished)
    }

    /// Describes the differences; up to a limit, rallies that could not be published are no fault.
    fn explain(
        &mut self,
        snapshots: &BTreeMap<Task, Snapshot>,
        placed: &Placement,
        counted: Counters,
        (max_unpublished, took): (f64, Duration),
        account: &mut Account,
    ) {
        for (scoreboard, snapshot) in snapshots {
            for task in placed.symmetric_difference(&tasks(snapshot)) {
                let shows = if placed.contains(task) { "does not show" } else { "still shows" };
                account.faults.push(format!("{} {shows} {task}", scoreboard.name));
            }
            let score = self.score(snapshot);
            if score == counted {
                continue;
            }
            let less = score.iter().zip(&counted).all(|(shown, counted)| shown <= counted);
            let rallies = totals(&counted).rallies;
            let missing = rallies.saturating_sub(totals(&score).rallies);
            if less && missing as f64 <= max_unpublished {
                account.notes.push(format!(
                    "{missing} rallies of {rallies} were lost with their managers before any \
                     scoreboard received them{}",
                    later(took)
                ));
                let more = std::array::from_fn(|n| counted[n] - score[n]);
                self.unpublished = add(self.unpublished, more);
            } else {
                account.faults.push(format!("{scoreboard} has {score:?}, not {counted:?}"));
            }
        }
        if snapshots.is_empty() {
            account.faults.push("no scoreboard responded".to_owned());
        }
    }
}

/// Fetches scores through a node until each of these tasks is listed and has strokes in its share, but
/// no longer than a scenario may take; returns when that was.
pub(crate) async fn shown(node: &str, tasks: &[&str]) -> BTreeMap<String, SystemTime> {
    let mut seen = BTreeMap::new();
    let started = Instant::now();
    let mut interval = interval(Duration::from_millis(50));
    while seen.len() < tasks.len() && started.elapsed() < TASKS_WITHIN {
        interval.tick().await;
        let Some(snapshot) = fetch(node).await else { continue };
        let has_share = |task: &str| {
            let mut players = snapshot.shares.players.values();
            players.any(|share| share.player.name.as_str() == task && share.strokes > 0)
        };
        let is_listed =
            |task: &str| snapshot.tasks.values().any(|view| view.task.task.name.as_str() == task);
        for task in tasks.iter().filter(|task| is_listed(task) && has_share(task)) {
            seen.entry((*task).to_owned()).or_insert_with(SystemTime::now);
        }
    }
    seen
}

/// Says how much later it was, if that is worth mentioning.
fn later(took: Duration) -> String {
    let seconds = took.as_secs();
    if seconds > 3 { format!(", {seconds} s later") } else { String::new() }
}

/// Returns the tasks that a scoreboard shows, except those it shows as gone.
fn tasks(snapshot: &Snapshot) -> Placement {
    let running = snapshot.tasks.values().filter(|view| view.state != TaskState::Gone);
    running.map(|view| view.task.task.clone()).collect()
}

/// Returns the tasks that run, according to the commands that a person uses.
async fn placement() -> Placement {
    let ps = "--no-trunc --filter desired-state=running --format '{{.Name}} {{.Node}} {{.CurrentState}}'";
    let output = shell(&format!(
        "docker stack ps {ps} pong 2>/dev/null || docker service ps {ps} $(docker service ls -q)"
    ))
    .await;
    let tasks = output.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let name = words.next()?;
        let node = words.next().filter(|node| NODES.contains(node))?;
        let name = task_name(name, node).parse().ok()?;
        (words.next()? == "Running").then_some(Task { name, node: node.parse().ok()? })
    });
    tasks.collect()
}

/// Returns what a node's port says of the score; none if it does not answer in time.
pub(crate) async fn fetch(node: &str) -> Option<Snapshot> {
    let client = Client::builder().no_proxy().build().expect("a client");
    let n = NODES.iter().position(|known| *known == node)? + 1;
    let response = client.get(format!("http://10.99.0.{n}:3000/score")).send();
    let response = timeout(Duration::from_secs(2), response).await.ok()?.ok()?;
    let text = response.error_for_status().ok()?.text().await.ok()?;
    Some(serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}")))
}
