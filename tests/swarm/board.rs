//! Whether the page tells the truth: its tasks are those of `docker stack ps`, its score is the sum
//! of what the managers told, and every scoreboard says the same.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::{Duration, SystemTime};

use rally::Score;
use reqwest::Client;
use serde::Deserialize;
use tokio::time::{Instant, interval, timeout};

use crate::accounting::{Account, Ended};
use crate::ledger::{Book, Counters, counters, sums};
use crate::swarm::{NODES, shell};
use crate::watch::task;

/// How soon after the clients have stopped every page must show the tasks that there are. Mostly it
/// is a second or two; after a cut, Docker's nodes tell each other of the names they missed as late
/// as half a minute later (libnetwork's bulk sync), and a page shows what discovery shows.
const WITHIN: Duration = Duration::from_secs(45);

/// How soon pages must tell all that managers have told: five times a second, and twice a second on.
const TOLD_WITHIN: Duration = Duration::from_secs(3);

/// How much a manager that was killed, or lost with its node, may have counted unheard: a scoreboard
/// finds a new manager within a second, and its feed tells five times a second.
const UNHEARD: Duration = Duration::from_secs(1);

/// What outlasts a scenario.
#[derive(Debug, Default)]
pub(crate) struct Boards {
    /// Managers' lives that were over before the scoreboards came.
    before: HashSet<String>,
    /// What managers counted and took with them before any scoreboard heard of it.
    unheard: Counters,
}

/// What `GET /score` says, as far as it is compared.
#[derive(Debug, Deserialize)]
struct Told {
    board: Player,
    score: Score,
    tasks: Vec<Player>,
    share: Share,
}

#[derive(Debug, Deserialize)]
struct Share {
    players: Vec<Player>,
}

#[derive(Debug, Deserialize)]
struct Player {
    task: String,
    node: String,
    #[serde(default)]
    state: String,
    #[serde(default)]
    strokes: u64,
}

/// The name of every task that runs, and its node.
type Placement = BTreeSet<(String, String)>;

impl Boards {
    /// Forgets all, since new scoreboards begin at nought.
    pub(crate) fn begin(&mut self, base: &HashMap<String, Book>) {
        *self = Self { before: base.keys().cloned().collect(), unheard: [0; 9] };
    }

    /// Compares what the scoreboards say with Docker and with the managers' books; rallies were
    /// played at this rate a second.
    pub(crate) async fn compare(
        &mut self,
        books: &HashMap<String, Book>,
        ended: &Ended,
        rate: f64,
        account: &mut Account,
    ) {
        let told = books.iter().filter(|(life, _)| !self.before.contains(*life));
        let counted = told.map(|(_, book)| counters(&book.score)).fold([0; 9], add);
        let begun = Instant::now();
        let mut beat = interval(Duration::from_millis(200));
        let (mut said, mut placed) = (BTreeMap::new(), Placement::new());
        while begun.elapsed() < WITHIN {
            beat.tick().await;
            placed = placement().await;
            for node in NODES {
                if let Some(told) = ask(node).await {
                    said.insert((told.board.task.clone(), told.board.node.clone()), told);
                }
            }
            said.retain(|board, _| placed.contains(board));
            let boards = placed.iter().filter(|(task, _)| task.starts_with("scoreboard.")).count();
            let all = said.len() == boards;
            if all && said.values().all(|told| tasks(told) == placed) {
                let agrees = |told: &Told| add(counters(&told.score), self.unheard) == counted;
                if !said.values().all(agrees) {
                    if begun.elapsed() < TOLD_WITHIN {
                        continue;
                    }
                    break;
                }
                let ([rallies, strokes], tasks) = (sums(&counted), placed.len());
                account.notes.push(format!(
                    "{boards} scoreboards tell {rallies} rallies and {strokes} strokes in all, and \
                     the {tasks} tasks of docker stack ps{}",
                    later(begun.elapsed())
                ));
                return;
            }
        }
        let taken = |book: &&Book| {
            ended.killed.contains(&book.container) || ended.nodes.contains(&book.node)
        };
        let most = books.values().filter(taken).count() as f64 * rate * UNHEARD.as_secs_f64();
        self.explain(&said, &placed, counted, (most, begun.elapsed()), account);
    }

    /// Says where they differ; rallies that nobody could hear of, up to so many, are no fault.
    fn explain(
        &mut self,
        said: &BTreeMap<(String, String), Told>,
        placed: &Placement,
        counted: Counters,
        (most_unheard, took): (f64, Duration),
        account: &mut Account,
    ) {
        for ((board, node), told) in said {
            for (task, node) in placed.symmetric_difference(&tasks(told)) {
                let what = if placed.contains(&(task.clone(), node.clone())) {
                    "does not show"
                } else {
                    "still shows"
                };
                account.faults.push(format!("{board} {what} {task}@{node}"));
            }
            let score = add(counters(&told.score), self.unheard);
            if score == counted {
                continue;
            }
            let less = score.iter().zip(&counted).all(|(said, counted)| said <= counted);
            let [said, counted_rallies] = [sums(&score)[0], sums(&counted)[0]];
            let missing = counted_rallies.saturating_sub(said);
            if less && missing as f64 <= most_unheard {
                account.notes.push(format!(
                    "{missing} rallies of {counted_rallies} went with their managers before any \
                     scoreboard heard of them{}",
                    later(took)
                ));
                self.unheard = std::array::from_fn(|n| self.unheard[n] + counted[n] - score[n]);
            } else {
                account.faults.push(format!("{board}@{node} tells {score:?}, not {counted:?}"));
            }
        }
        if said.is_empty() {
            account.faults.push("no scoreboard answered".to_owned());
        }
    }
}

/// Asks for the page's facts through a node until it shows each of these as a task, and with strokes
/// to its share, but no longer than a scenario may take; returns when that was.
pub(crate) async fn shown(node: &str, tasks: &[&str]) -> BTreeMap<String, SystemTime> {
    let mut seen = BTreeMap::new();
    let begun = Instant::now();
    let mut beat = interval(Duration::from_millis(50));
    while seen.len() < tasks.len() && begun.elapsed() < WITHIN {
        beat.tick().await;
        let Some(told) = ask(node).await else { continue };
        let plays = |task: &str| {
            let mut players = told.share.players.iter();
            players.any(|player| player.task == task && player.strokes > 0)
        };
        let placed = |task: &str| told.tasks.iter().any(|player| player.task == task);
        for task in tasks.iter().filter(|task| placed(task) && plays(task)) {
            seen.entry((*task).to_owned()).or_insert_with(SystemTime::now);
        }
    }
    seen
}

/// How much later, where it is worth a word.
fn later(took: Duration) -> String {
    let seconds = took.as_secs();
    if seconds > 3 { format!(", {seconds} s later") } else { String::new() }
}

fn add(one: Counters, other: Counters) -> Counters {
    std::array::from_fn(|n| one[n] + other[n])
}

/// The tasks that a scoreboard shows, but for those it shows as gone.
fn tasks(told: &Told) -> Placement {
    let there = told.tasks.iter().filter(|task| task.state != "gone");
    there.map(|player| (player.task.clone(), player.node.clone())).collect()
}

/// The tasks that run, as Docker tells them to a person.
async fn placement() -> Placement {
    let ps = "--no-trunc --filter desired-state=running --format '{{.Name}} {{.Node}} {{.CurrentState}}'";
    let told = shell(&format!(
        "docker stack ps {ps} pong 2>/dev/null || docker service ps {ps} $(docker service ls -q)"
    ))
    .await;
    let tasks = told.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (name, node, state) = (words.next()?, words.next()?, words.next()?);
        let node = NODES.into_iter().find(|known| *known == node)?;
        (state == "Running").then(|| (task(name, node), node.to_owned()))
    });
    tasks.collect()
}

async fn ask(node: &str) -> Option<Told> {
    let client = Client::builder().no_proxy().build().expect("a client");
    let n = NODES.iter().position(|known| *known == node)? + 1;
    let answer = client.get(format!("http://10.99.0.{n}:3000/score")).send();
    let answer = timeout(Duration::from_secs(2), answer).await.ok()?.ok()?;
    serde_json::from_str(&answer.text().await.ok()?).ok()
}
