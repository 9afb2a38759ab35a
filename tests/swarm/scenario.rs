//! A scenario as it is played: clients request rallies, something happens, and then all must add up.

use std::time::{Duration, Instant, SystemTime};

use crate::accounting::{self, Account, Losses};
use crate::docker_events::{DockerEvents, Event};
use crate::ledger::Ledger;
use crate::load::{CLIENTS, Load, Record};
use crate::response::Failure;
use crate::scoreboard::Scoreboards;
use crate::table::{Line, print};

/// How many rallies a second clients must get while both sides have players, and who asks for few
/// must get this part of them.
const MIN_RALLIES_PER_SECOND: f64 = 50.0;
const MIN_PART: f64 = 0.25;

/// What a scenario does on purpose; nothing else may go wrong.
#[derive(Debug, Default)]
pub(crate) struct Allowance {
    /// Nodes do not respond before their first rally.
    pub(crate) startup: bool,
    /// Nodes whose own port is closed for a while by an orderly stop.
    pub(crate) closed: Vec<&'static str>,
    /// Containers that were killed or frozen.
    pub(crate) killed: Vec<String>,
    /// Nodes that were lost or partitioned.
    pub(crate) nodes: Vec<&'static str>,
    /// A side has no players: 503 and LET are correct.
    pub(crate) no_players: bool,
    /// Tasks whose names start so have a healthcheck that fails.
    pub(crate) unhealthy: Vec<&'static str>,
    /// Others play too, so the accounts are not those of our clients.
    pub(crate) strangers: bool,
}

/// What outlasts a scenario, and the results so far.
pub(crate) struct TestRun {
    pub(crate) events: DockerEvents,
    pub(crate) ledger: Ledger,
    pub(crate) scoreboards: Scoreboards,
    pub(crate) lines: Vec<Line>,
    pub(crate) started: Instant,
}

/// The clients of one scenario, and when it started.
pub(crate) struct Scenario {
    pub(crate) load: Load,
    pub(crate) events: DockerEvents,
    pub(crate) started: SystemTime,
    notes: Vec<String>,
    faults: Vec<String>,
}

impl TestRun {
    pub(crate) fn announce(&self, name: &str) {
        print(&format!("-- {name} (after {} s)", self.started.elapsed().as_secs()));
    }

    /// Plays a scenario without clients other than its own.
    pub(crate) async fn observe(&mut self, name: &str, act: impl AsyncFnOnce(&mut Line)) {
        self.announce(name);
        let started = Instant::now();
        let mut line = Line::new(name, 0.0);
        act(&mut line).await;
        line.seconds = started.elapsed().as_secs_f64();
        line.print_details();
        self.lines.push(line);
    }

    /// Plays a scenario under load and checks the accounts.
    pub(crate) async fn play(
        &mut self,
        name: &str,
        pause: Duration,
        act: impl AsyncFnOnce(&mut Scenario) -> Allowance,
    ) {
        self.announce(name);
        let started = SystemTime::now();
        let base = self.ledger.start_scenario(started);
        let mut scenario = Scenario {
            load: Load::start(pause),
            events: self.events.clone(),
            started,
            notes: Vec::new(),
            faults: Vec::new(),
        };
        let allowance = act(&mut scenario).await;
        let records = scenario.load.stop();
        let seconds = started.elapsed().unwrap_or_default().as_secs_f64();
        let events = self.events.since(started);
        let mut line = Line::new(name, seconds);
        line.notes = scenario.notes;
        line.faults = scenario.faults;
        let losses = losses(&allowance, &events);
        for record in &records {
            judge(record, started, &records, &allowance, &losses, &mut line);
        }
        let rate = (line.rallies + line.lets + line.refused) as f64 / seconds;
        let requested = CLIENTS as f64 / pause.as_secs_f64();
        let least = MIN_RALLIES_PER_SECOND.min(MIN_PART * requested);
        if !allowance.startup && !allowance.no_players && rate < least {
            line.faults.push(format!("only {rate:.0} rallies/s"));
        }
        let all_events = self.events.since(SystemTime::UNIX_EPOCH);
        line.faults.extend(unexpected_ends(&events, &all_events, &allowance));
        let mut account = Account::default();
        if !allowance.strangers {
            account = accounting::compare(&records, &self.ledger, &base, started, &losses).await;
        }
        if allowance.startup {
            self.scoreboards.reset(&base);
        }
        if !allowance.strangers {
            let entries = self.ledger.entries();
            self.scoreboards.compare(&entries, &losses, rate, &mut account).await;
        }
        line.notes.extend(account.notes);
        line.faults.extend(account.faults);
        line.print_details();
        self.lines.push(line);
    }
}

impl Scenario {
    /// Returns the longest time for which clients of a node got no rally: from the last rally before
    /// the first failure to the next rally.
    pub(crate) fn longest_gap(&self, node: &str) -> Duration {
        self.gaps(node).into_iter().map(|(from, to)| age(to, from)).max().unwrap_or_default()
    }

    /// Returns the times during which clients of a node got no rally.
    pub(crate) fn gaps(&self, node: &str) -> Vec<(SystemTime, SystemTime)> {
        let records = self.load.records();
        let mut here: Vec<&Record> = records.iter().filter(|record| record.node == node).collect();
        here.sort_by_key(|record| record.ended());
        let mut gaps = Vec::new();
        let mut last = self.started;
        let mut failed = false;
        for record in here {
            if record.result.is_err() {
                failed = true;
            } else {
                if failed {
                    gaps.push((last, record.ended()));
                }
                last = record.ended();
                failed = false;
            }
        }
        gaps
    }

    /// Returns the events of tasks whose names start so, since the scenario started.
    pub(crate) fn events(&self, task: &str, action: &str) -> Vec<Event> {
        let events = self.events.since(self.started).into_iter();
        events.filter(|event| event.task.starts_with(task) && event.action == action).collect()
    }

    pub(crate) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// Records a fault unless the condition holds.
    pub(crate) fn check(&mut self, holds: bool, fault: String) {
        if !holds {
            self.faults.push(fault);
        }
    }
}

/// Returns the time from one to the other, or zero.
pub(crate) fn age(now: SystemTime, then: SystemTime) -> Duration {
    now.duration_since(then).unwrap_or_default()
}

fn losses(allowance: &Allowance, events: &[Event]) -> Losses {
    let died =
        |event: &&Event| event.action == "die" && allowance.killed.contains(&event.container);
    let is_proxy = |event: &&Event| event.task.starts_with("proxy.");
    let killed: Vec<&Event> = events.iter().filter(died).collect();
    Losses {
        proxies: killed.iter().copied().filter(is_proxy).map(|event| event.node).collect(),
        killed: killed.iter().map(|event| event.container.clone()).collect(),
        nodes: allowance.nodes.clone(),
    }
}

/// Counts one response in its column; what is not allowed is a fault.
fn judge(
    record: &Record,
    started: SystemTime,
    all: &[Record],
    allowance: &Allowance,
    losses: &Losses,
    line: &mut Line,
) {
    let node = &record.node;
    line.requests += 1;
    let closed_in_order = match &record.result {
        Ok(rally) => {
            if rally.verdict.name() == "let" {
                line.lets += 1;
                if !allowance.no_players {
                    line.faults.push(format!("a let at {node}: {}", rally.id));
                }
            } else {
                line.rallies += 1;
                line.slowest = line.slowest.max(record.took);
            }
            return;
        }
        Err(Failure::Refused(_)) if allowance.no_players => {
            line.refused += 1;
            return;
        }
        Err(Failure::Closed(_) | Failure::Refused(_)) => allowance.closed.contains(node),
        Err(Failure::Cut { .. } | Failure::Lost(_) | Failure::Invalid(_)) => false,
    };
    let lost = losses.proxies.contains(node) || losses.nodes.contains(node);
    let first = || {
        let here = all.iter().filter(|other| other.node == *node && other.result.is_ok());
        here.map(Record::ended).min()
    };
    let starting = allowance.startup && first().is_none_or(|first| record.requested < first);
    if closed_in_order || lost || starting {
        line.closed += 1;
    } else {
        line.failed += 1;
        if let Err(failure) = &record.result {
            let after = age(record.requested, started).as_secs_f64();
            line.faults.push(format!("failed at {node} after {after:.1} s: {failure}"));
        }
    }
}

/// Returns the containers that became unhealthy or died without being allowed to.
fn unexpected_ends(events: &[Event], all: &[Event], allowance: &Allowance) -> Vec<String> {
    let allowed = |event: &Event| {
        allowance.killed.contains(&event.container)
            || allowance.nodes.contains(&event.node)
            || allowance.unhealthy.iter().any(|task| event.task.starts_with(task))
    };
    // A healthcheck that the stop interrupts fails, and has no effect any more; the stop may have
    // started in the scenario before.
    let is_stopping = |event: &Event| {
        let stop = |other: &&Event| other.action == "kill" && other.container == event.container;
        all.iter().find(stop).is_some_and(|stop| stop.at <= event.at)
    };
    let bad = |event: &&Event| match event.action.as_str() {
        "health_status: unhealthy" => !is_stopping(event),
        "die" => event.exit_code.as_deref() != Some("0"),
        _ => false,
    };
    let describe = |event: &Event| {
        let Event { task, node, action, exit_code, .. } = event;
        format!("{task}@{node}: {action}, exit code {}", exit_code.as_deref().unwrap_or("none"))
    };
    events.iter().filter(bad).filter(|event| !allowed(event)).map(describe).collect()
}
