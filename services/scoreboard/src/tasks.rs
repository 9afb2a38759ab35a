//! Which tasks there are, and how each is: the placement as service discovery shows it.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

use court::fault::Fault;
use court::task::{Name, Task};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::MOST_TASKS;

/// How long a task that came after the scoreboard is called new.
const NEW: Duration = Duration::from_secs(6);

/// How long after the scoreboard's own start a task is taken to have been there before.
const SETTLED: Duration = Duration::from_secs(3);

/// How long a task that is gone is still told of.
const GONE: Duration = Duration::from_secs(20);

/// The most tasks that are gone and still told of.
const MOST_GONE: usize = 64;

/// What a task that does not answer has to its credit. A refused connection costs half of it: one
/// could be a restart, two in a row are an end. A late answer costs a quarter: it may be busy.
const CREDIT: u8 = 4;

/// Tells who a task is, as its `/whoami` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Who {
    service: Lawful,
    task: Lawful,
    node: Lawful,
    version: Lawful,
    /// What the build is called.
    release: Lawful,
    os: Lawful,
    arch: Lawful,
    /// In seconds since 1970.
    started: u64,
}

/// Holds a text of another task's, made harmless: whatever it says becomes a [`Name`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String")]
pub(crate) struct Lawful(Name);

impl From<String> for Lawful {
    fn from(text: String) -> Self {
        Self(Name::from_any(&text))
    }
}

impl Who {
    /// Tells whether it is a task of this service.
    pub(crate) fn is(&self, service: &str) -> bool {
        self.service.0.as_str() == service
    }

    fn task(&self) -> Task {
        Task { name: self.task.0.clone(), node: self.node.0.clone() }
    }
}

/// Names how a task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// It came a moment ago.
    New,
    /// It is there.
    Here,
    /// It still answers, but discovery does not show it any more: it is about to stop.
    Leaving,
    /// It does not answer any more.
    Gone,
}

/// Tells one task.
#[derive(Debug, Serialize)]
pub(crate) struct Told<'a> {
    #[serde(flatten)]
    who: &'a Who,
    state: State,
}

/// Keeps the tasks by their admin addresses.
#[derive(Debug)]
pub(crate) struct Tasks {
    begun: Instant,
    here: HashMap<SocketAddr, Seen>,
    gone: Vec<(SocketAddr, Seen, Instant)>,
    /// Whether somebody came who has not been told of.
    pub(crate) has_newcomer: bool,
}

#[derive(Debug)]
struct Seen {
    who: Who,
    since: Instant,
    listed: bool,
    credit: u8,
}

impl Tasks {
    pub(crate) fn new() -> Self {
        Self { begun: Instant::now(), here: HashMap::new(), gone: Vec::new(), has_newcomer: false }
    }

    /// Takes in what discovery shows now; returns whom to ask: those and all that were there before.
    pub(crate) fn listed(&mut self, addresses: &[SocketAddr]) -> Vec<SocketAddr> {
        let mut ask = addresses.to_vec();
        let listed: HashSet<_> = addresses.iter().collect();
        for (address, seen) in &mut self.here {
            seen.listed = listed.contains(address);
            if !seen.listed {
                ask.push(*address);
            }
        }
        ask.truncate(MOST_TASKS);
        ask
    }

    /// Takes in what a task says of itself.
    pub(crate) fn heard(&mut self, address: SocketAddr, who: Who) {
        if let Some(seen) = self.here.get_mut(&address) {
            if seen.who == who {
                seen.credit = CREDIT;
                return;
            }
            // Another task at the old address.
            self.lose(address);
        }
        let back = self.gone.iter().position(|(at, seen, _)| *at == address && seen.who == who);
        let since = back.map_or_else(Instant::now, |at| self.gone.remove(at).1.since);
        self.here.insert(address, Seen { who, since, listed: true, credit: CREDIT });
        self.has_newcomer = true;
    }

    /// Takes in that a task did not answer.
    pub(crate) fn unheard(&mut self, address: SocketAddr, fault: Fault) {
        if let Some(seen) = self.here.get_mut(&address) {
            let costs = if fault == Fault::Timeout { CREDIT / 4 } else { CREDIT / 2 };
            seen.credit = seen.credit.saturating_sub(costs);
            if seen.credit == 0 || !seen.listed {
                self.lose(address);
            }
        }
    }

    fn lose(&mut self, address: SocketAddr) {
        if let Some(seen) = self.here.remove(&address) {
            if self.gone.len() >= MOST_GONE {
                self.gone.remove(0);
            }
            self.gone.push((address, seen, Instant::now()));
        }
    }

    /// Tells all tasks there are, and those that were until a moment ago.
    pub(crate) fn tell(&mut self) -> Vec<Told<'_>> {
        self.has_newcomer = false;
        self.gone.retain(|(_, _, when)| when.elapsed() < GONE);
        let settled = self.begun + SETTLED;
        let state = move |seen: &Seen| match seen {
            Seen { listed: false, .. } => State::Leaving,
            Seen { since, .. } if *since > settled && since.elapsed() < NEW => State::New,
            _ => State::Here,
        };
        let here = self.here.values().map(|seen| Told { who: &seen.who, state: state(seen) });
        let gone = self.gone.iter().map(|(_, seen, _)| Told { who: &seen.who, state: State::Gone });
        let mut told: Vec<_> = here.chain(gone).collect();
        told.sort_by_key(|told| (told.who.task(), told.who.started, told.state as u8));
        told
    }

    /// Tells whether a task of a service is there.
    pub(crate) fn has(&self, service: &str) -> bool {
        self.here.values().any(|seen| seen.who.is(service))
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn address(n: u8) -> SocketAddr {
        ([10, 0, 9, n], 3001).into()
    }

    fn who(task: &str, release: &str) -> Who {
        let json = format!(
            r#"{{"service":"ping","task":"{task}","node":"pi1","version":"0.1.0",
            "release":"{release}","os":"linux","arch":"arm","started":7}}"#
        );
        serde_json::from_str(&json).expect("an answer")
    }

    /// Returns each task with its release and state.
    fn told(tasks: &mut Tasks) -> Vec<(String, State)> {
        let told = tasks.tell().into_iter();
        told.map(|told| (format!("{} {}", told.who.task.0, told.who.release.0), told.state))
            .collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_comes_is_there_leaves_and_is_gone() {
        let mut tasks = Tasks::new();
        assert_eq!(tasks.listed(&[address(1)]), [address(1)]);
        tasks.heard(address(1), who("ping.1", "1"));
        assert_eq!(told(&mut tasks), [("ping.1 1".into(), State::Here)], "there before");
        advance(SETTLED * 2).await;
        tasks.heard(address(2), who("ping.2", "1"));
        assert_eq!(told(&mut tasks)[1].1, State::New);
        advance(NEW).await;
        assert_eq!(told(&mut tasks)[1].1, State::Here);

        let mut asked = tasks.listed(&[address(1)]);
        asked.sort();
        assert_eq!(asked, [address(1), address(2)], "until it stops to answer");
        assert_eq!(told(&mut tasks)[1].1, State::Leaving);
        tasks.unheard(address(2), Fault::Refused);
        assert_eq!(told(&mut tasks)[1].1, State::Gone);
        assert_eq!(tasks.listed(&[address(1)]), [address(1)]);
        advance(GONE).await;
        assert_eq!(told(&mut tasks).len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_listed_task_is_gone_when_it_refuses_twice_or_is_late_four_times() {
        for (fault, times) in [(Fault::Refused, 2), (Fault::Timeout, 4)] {
            let mut tasks = Tasks::new();
            tasks.heard(address(1), who("ping.1", "1"));
            for n in 1..=times {
                assert_eq!(told(&mut tasks)[0].1, State::Here);
                tasks.unheard(address(1), fault);
                assert_eq!(tasks.has("ping"), n < times);
            }
            assert_eq!(told(&mut tasks)[0].1, State::Gone);
            tasks.heard(address(1), who("ping.1", "1"));
            assert_eq!(told(&mut tasks), [("ping.1 1".into(), State::Here)], "it was only late");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_release_at_an_old_address_is_another_task() {
        let mut tasks = Tasks::new();
        tasks.heard(address(1), who("ping.1", "1"));
        tasks.heard(address(1), who("ping.1", "2"));
        let states = [("ping.1 2".into(), State::Here), ("ping.1 1".into(), State::Gone)];
        assert_eq!(told(&mut tasks), states);
    }

    #[test]
    fn what_a_task_says_of_itself_is_made_harmless() {
        let who = who("<script>alert(1)</script>", "\\r\\n");
        assert_eq!(who.task.0.as_str(), "-script-alert-1---script-");
        assert_eq!(who.release.0.as_str(), "--");
    }

    #[tokio::test(start_paused = true)]
    async fn tasks_that_come_and_go_for_ever_do_not_fill_the_memory() {
        let mut tasks = Tasks::new();
        for n in 0..1000 {
            tasks.heard(address(1), who(&format!("ping.{n}"), "1"));
        }
        assert_eq!((tasks.here.len(), tasks.gone.len()), (1, MOST_GONE));
    }
}
