//! A scenario as it is played: clients ask, something happens, and then all must add up.

use std::time::{Duration, Instant, SystemTime};

use crate::accounting::{self, Ended};
use crate::answer::Trouble;
use crate::board::Boards;
use crate::ledger::Ledger;
use crate::load::{Load, Record};
use crate::table::{Line, say};
use crate::watch::{Event, Watch};

/// How many rallies a second clients must get while anybody can play.
const RALLIES_A_SECOND: f64 = 50.0;

/// What a scenario does on purpose, and nothing else may go wrong.
#[derive(Debug, Default)]
pub(crate) struct Excuse {
    /// Nothing answers at a node before its first rally.
    pub(crate) opening: bool,
    /// Nodes whose own port is closed for a while, in good order.
    pub(crate) closed: Vec<&'static str>,
    /// Containers that were killed or frozen.
    pub(crate) killed: Vec<String>,
    /// Nodes that were lost or cut off.
    pub(crate) nodes: Vec<&'static str>,
    /// A side has no players: 503 and LET are right.
    pub(crate) nobody: bool,
    /// Containers of this task's name have a healthcheck that fails.
    pub(crate) sick: Vec<&'static str>,
}

/// What outlasts a scenario, and what has been played.
pub(crate) struct Stage {
    pub(crate) watch: Watch,
    pub(crate) ledger: Ledger,
    pub(crate) boards: Boards,
    pub(crate) lines: Vec<Line>,
    pub(crate) begun: Instant,
}

/// The clients of one scenario, and when they began.
pub(crate) struct Scene {
    pub(crate) load: Load,
    pub(crate) watch: Watch,
    pub(crate) begun: SystemTime,
    notes: Vec<String>,
    faults: Vec<String>,
}

impl Stage {
    pub(crate) fn announce(&self, name: &str) {
        say(&format!("-- {name} (after {} s)", self.begun.elapsed().as_secs()));
    }

    /// Plays a scenario under load and settles the accounts.
    pub(crate) async fn play(
        &mut self,
        name: &str,
        pause: Duration,
        act: impl AsyncFnOnce(&mut Scene) -> Excuse,
    ) {
        self.announce(name);
        let begun = SystemTime::now();
        let base = self.ledger.begin(begun);
        let load = Load::start(pause);
        let mut scene =
            Scene { load, watch: self.watch.clone(), begun, notes: Vec::new(), faults: Vec::new() };
        let excuse = act(&mut scene).await;
        let Scene { load, notes, faults, .. } = scene;
        let records = load.stop();
        let seconds = begun.elapsed().unwrap_or_default().as_secs_f64();
        let events = self.watch.since(begun);
        let mut line = Line::new(name, seconds);
        (line.notes, line.faults) = (notes, faults);
        let ended = ended(&excuse, &events);
        for record in &records {
            judge(record, begun, &records, &excuse, &ended, &mut line);
        }
        let rate = (line.answered + line.lets + line.refused) as f64 / seconds;
        if !excuse.opening && !excuse.nobody && rate < RALLIES_A_SECOND {
            line.faults.push(format!("only {rate:.0} rallies a second"));
        }
        line.faults.extend(ill(&events, &self.watch.since(SystemTime::UNIX_EPOCH), &excuse));
        let mut account = accounting::compare(&records, &self.ledger, &base, begun, &ended).await;
        if excuse.opening {
            self.boards.begin(&base);
        }
        self.boards.compare(&self.ledger.books(), &ended, rate, &mut account).await;
        line.notes.extend(account.notes);
        line.faults.extend(account.faults);
        line.tell();
        self.lines.push(line);
    }
}

impl Scene {
    /// How long clients of a node found its port closed: from the last rally before the first
    /// trouble to the next rally.
    pub(crate) fn closed_for(&self, node: &str) -> Duration {
        self.gaps(node).into_iter().map(|(from, to)| age(to, from)).max().unwrap_or_default()
    }

    /// The times within which clients of a node got no rally.
    pub(crate) fn gaps(&self, node: &str) -> Vec<(SystemTime, SystemTime)> {
        let records = self.load.records();
        let mut here: Vec<&Record> = records.iter().filter(|record| record.node == node).collect();
        here.sort_by_key(|record| record.ended());
        let (mut gaps, mut last, mut trouble) = (Vec::new(), self.begun, false);
        for record in here {
            if record.came.is_err() {
                trouble = true;
            } else {
                if trouble {
                    gaps.push((last, record.ended()));
                }
                (last, trouble) = (record.ended(), false);
            }
        }
        gaps
    }

    /// What happened to the containers of tasks whose name begins so, since the scenario began.
    pub(crate) fn events(&self, task: &str, what: &str) -> Vec<Event> {
        let events = self.watch.since(self.begun).into_iter();
        events.filter(|event| event.task.starts_with(task) && event.what == what).collect()
    }

    pub(crate) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// Notes a fault unless it is so.
    pub(crate) fn check(&mut self, is_so: bool, otherwise: String) {
        if !is_so {
            self.faults.push(otherwise);
        }
    }
}

/// The time from one to the other, or nought.
pub(crate) fn age(now: SystemTime, then: SystemTime) -> Duration {
    now.duration_since(then).unwrap_or_default()
}

fn ended(excuse: &Excuse, events: &[Event]) -> Ended {
    let died = |event: &&Event| event.what == "die" && excuse.killed.contains(&event.container);
    let door = |event: &&Event| event.task.starts_with("proxy.");
    let killed: Vec<&Event> = events.iter().filter(died).collect();
    Ended {
        doors: killed.iter().copied().filter(door).map(|event| event.node).collect(),
        killed: killed.iter().map(|event| event.container.clone()).collect(),
        nodes: excuse.nodes.clone(),
    }
}

/// Puts one answer into its column; what has no excuse is a fault.
fn judge(
    record: &Record,
    begun: SystemTime,
    all: &[Record],
    excuse: &Excuse,
    ended: &Ended,
    line: &mut Line,
) {
    let node = &record.node;
    line.asked += 1;
    let shut = match &record.came {
        Ok(played) => {
            if played.verdict.name() == "let" {
                line.lets += 1;
                if !excuse.nobody {
                    line.faults.push(format!("a let at {node}: {}", played.id));
                }
            } else {
                line.answered += 1;
                line.slowest = line.slowest.max(record.took);
            }
            return;
        }
        Err(Trouble::Refused(_)) if excuse.nobody => {
            line.refused += 1;
            return;
        }
        Err(Trouble::Closed(_) | Trouble::Refused(_)) => excuse.closed.contains(node),
        Err(Trouble::Lost(_)) => false,
    };
    let violent = ended.doors.contains(node) || ended.nodes.contains(node);
    let first = || {
        let here = all.iter().filter(|other| other.node == *node && other.came.is_ok());
        here.map(Record::ended).min()
    };
    if shut || violent || (excuse.opening && first().is_none_or(|first| record.asked < first)) {
        line.closed += 1;
    } else {
        line.failed += 1;
        if let Err(trouble) = &record.came {
            let after = age(record.asked, begun).as_secs_f64();
            line.faults.push(format!("failed at {node} after {after:.1} s: {trouble}"));
        }
    }
}

/// Finds containers that fell ill or died with no reason.
fn ill(events: &[Event], all: &[Event], excuse: &Excuse) -> Vec<String> {
    let excused = |event: &Event| {
        excuse.killed.contains(&event.container)
            || excuse.nodes.contains(&event.node)
            || excuse.sick.iter().any(|task| event.task.starts_with(task))
    };
    // A probe that the stop interrupts fails, and nobody asks any more; the stop may have begun in
    // the scenario before.
    let told_to_stop = |event: &Event| {
        let stop = |other: &&Event| other.what == "kill" && other.container == event.container;
        all.iter().find(stop).is_some_and(|stop| stop.at <= event.at)
    };
    let bad = |event: &&Event| match event.what.as_str() {
        "health_status: unhealthy" => !told_to_stop(event),
        "die" => event.exit_code.as_deref() != Some("0"),
        _ => false,
    };
    let tell = |event: &Event| {
        let Event { task, node, what, exit_code, .. } = event;
        format!("{task}@{node}: {what}, exit code {}", exit_code.as_deref().unwrap_or("none"))
    };
    events.iter().filter(bad).filter(|event| !excused(event)).map(tell).collect()
}
