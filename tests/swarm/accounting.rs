//! Whether the clients and the managers counted the same.
//!
//! They do, to the last stroke, for every manager that lives or stopped in good order. Where a
//! process was killed, each rally that no client got is named, from the manager's log, with the
//! killed process that took it.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, SystemTime};

use rally::{Score, Verdict};
use serde::Deserialize;
use tokio::time::{Instant, interval};

use crate::ledger::{Book, Counters, Ledger, counters, since, sums};
use crate::load::Record;
use crate::swarm::Engine;

/// How long counters may lag behind: managers tell them five times a second.
const LAG: Duration = Duration::from_secs(3);

/// Whose end explains a rally that no client got.
#[derive(Debug, Default)]
pub(crate) struct Ended {
    /// Containers that were killed.
    pub(crate) killed: Vec<String>,
    /// Nodes whose proxy was killed.
    pub(crate) doors: Vec<&'static str>,
    /// Nodes that were lost or cut off.
    pub(crate) nodes: Vec<&'static str>,
}

/// What comes of the comparison.
#[derive(Debug, Default)]
pub(crate) struct Account {
    pub(crate) notes: Vec<String>,
    pub(crate) faults: Vec<String>,
}

/// What clients got of one manager's life: the counters it must have, and each rally.
#[derive(Default)]
struct Seen {
    score: Score,
    rallies: HashMap<String, (Verdict, usize)>,
}

/// Compares what clients got since the books were as in `base`.
pub(crate) async fn compare(
    records: &[Record],
    ledger: &Ledger,
    base: &HashMap<String, Book>,
    begun: SystemTime,
    ended: &Ended,
) -> Account {
    let mut account = Account::default();
    let seen = seen(records, &mut account);
    let differ = |(books, seen): (&HashMap<String, Book>, &BTreeMap<String, Seen>)| {
        let mut lives: Vec<String> = books.keys().chain(seen.keys()).cloned().collect();
        lives.sort();
        lives.dedup();
        lives.retain(|life| told(books, base, life) != shown(seen, life));
        lives
    };
    let deadline = Instant::now() + LAG;
    let mut beat = interval(Duration::from_millis(50));
    let mut books = ledger.books();
    while !differ((&books, &seen)).is_empty() && Instant::now() < deadline {
        beat.tick().await;
        books = ledger.books();
    }
    for life in differ((&books, &seen)) {
        let Some(book) = books.get(&life) else {
            account.faults.push(format!("no manager has told of incarnation {life}"));
            continue;
        };
        let pair = [told(&books, base, &life), shown(&seen, &life)];
        let none = Seen::default();
        explain(&life, book, seen.get(&life).unwrap_or(&none), pair, begun, ended, &mut account)
            .await;
    }
    let total = |all: Vec<Counters>| {
        all.iter().map(sums).fold([0; 2], |sum, next| [sum[0] + next[0], sum[1] + next[1]])
    };
    let [rallies, strokes] = total(seen.values().map(|seen| counters(&seen.score)).collect());
    let [counted, hit] = total(books.keys().map(|life| told(&books, base, life)).collect());
    account.notes.insert(
        0,
        format!(
            "clients got {rallies} rallies, {strokes} strokes; managers told of {counted}, {hit}"
        ),
    );
    account
}

fn seen(records: &[Record], account: &mut Account) -> BTreeMap<String, Seen> {
    let mut seen = BTreeMap::<String, Seen>::new();
    for played in records.iter().filter_map(|record| record.came.as_ref().ok()) {
        let seen = seen.entry(played.incarnation().to_owned()).or_default();
        let mut rally = rally::Rally::new(rally::MAX_ROUNDS);
        for stroke in &played.strokes {
            seen.score.count_stroke(stroke.side, stroke.outcome);
            rally.record(stroke.outcome);
        }
        if matches!(played.verdict, Verdict::Let(_)) {
            rally.call_let();
        }
        seen.score.count_rally(&rally);
        let strokes = played.strokes.len();
        if seen.rallies.insert(played.id.clone(), (played.verdict, strokes)).is_some() {
            account.faults.push(format!("rally {} was answered twice", played.id));
        }
    }
    seen
}

fn told(books: &HashMap<String, Book>, base: &HashMap<String, Book>, life: &str) -> Counters {
    let base = base.get(life).map(|book| &book.score);
    books.get(life).map_or([0; 9], |book| since(&book.score, base))
}

fn shown(seen: &BTreeMap<String, Seen>, life: &str) -> Counters {
    seen.get(life).map_or([0; 9], |seen| counters(&seen.score))
}

/// A rally's end as the manager logs it.
#[derive(Deserialize)]
struct Logged {
    rally: String,
    verdict: String,
    strokes: usize,
    #[serde(default)]
    proxy: String,
}

/// Finds in the manager's log what the clients did not get, and who took it with them.
async fn explain(
    life: &str,
    book: &Book,
    seen: &Seen,
    [told, shown]: [Counters; 2],
    begun: SystemTime,
    ended: &Ended,
    account: &mut Account,
) {
    let name = format!("{} ({life})", book.manager);
    let log = match &book.log {
        Some(log) => Some(log.clone()),
        None => Engine::of(book.node).log(&book.container, begun, false).await,
    };
    let Some(log) = log else {
        if !ended.nodes.contains(&book.node) {
            account.faults.push(format!("{name} has no log; told {told:?}, clients got {shown:?}"));
        } else {
            let got = seen.rallies.len();
            account
                .notes
                .push(format!("{name} was lost with {}; clients got {got} rallies", book.node));
        }
        return;
    };
    let logged: Vec<Logged> = log
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .filter(|logged: &Logged| logged.rally.starts_with(life))
        .collect();
    for (id, (verdict, strokes)) in &seen.rallies {
        let same = |logged: &&Logged| logged.rally == *id;
        match logged.iter().find(same) {
            Some(found) if found.verdict == verdict.name() && found.strokes == *strokes => {}
            _ => account.faults.push(format!("{name} has not logged {id} as a client got it")),
        }
    }
    let killed = ended.killed.contains(&book.container);
    let cut_off = ended.nodes.contains(&book.node);
    let sums_logged = [
        logged.iter().filter(|logged| logged.verdict != "abandoned").count() as u64,
        logged.iter().map(|logged| logged.strokes as u64).sum(),
    ];
    if !killed && !cut_off && sums_logged != sums(&told) {
        let fault =
            format!("{name} told {told:?} but logged {sums_logged:?}, clients got {shown:?}");
        account.faults.push(fault);
    }
    for lost in logged.iter().filter(|logged| !seen.rallies.contains_key(&logged.rally)) {
        let Logged { rally, verdict, strokes, proxy } = lost;
        let door = ended.doors.iter().chain(&ended.nodes).find(|node| *node == proxy);
        let by = match door {
            _ if killed => format!("{name}, killed"),
            Some(door) => format!("the proxy of {door}"),
            None if cut_off => format!("{name}, cut off"),
            None => {
                let fault = format!(
                    "{name}: nobody got {rally} ({verdict}, {strokes} strokes, proxy {proxy})"
                );
                account.faults.push(fault);
                continue;
            }
        };
        account
            .notes
            .push(format!("{rally} ({verdict}, {strokes} strokes, proxy {proxy}) went with {by}"));
    }
    if killed || cut_off {
        let how = if killed { "killed" } else { "lost or cut off" };
        account.notes.push(format!(
            "{name}, {how}: told {:?} rallies and strokes, logged {sums_logged:?}, clients got {:?}",
            sums(&told),
            sums(&shown)
        ));
    }
}
