//! What happened, worked out of what several scoreboards have observed.
//!
//! Two of them that see the same event make one entry of it, at the time of the first. It is the same
//! event if nothing else has happened to its subject in between: a task that is gone cannot go again
//! before it is back. Where one has seen it go and come back before another one has seen it go, it is the
//! other's next observation of that kind within some seconds; what one scoreboard sees twice happened
//! twice.

use std::cmp::Reverse;
use std::collections::HashMap;

use protocol::id::InstanceId;
use protocol::name::Name;
use protocol::node::{Node, NodeRef};
use protocol::port::Port;
use protocol::service::Service;
use protocol::timeline::{Observation, TimelineEntry, TimelineEvent, TimelineTask};

/// How much later than the first scoreboard another one may see an event, in milliseconds: a task counts
/// as gone when it is late four times, each time a second, and there is a pause before each; and their
/// clocks may differ.
const MAX_LAG: u64 = 15_000;

/// What something happens to.
#[derive(PartialEq, Eq, Hash)]
enum Subject<'a> {
    Task(&'a TimelineTask),
    Node(&'a Node),
    Path(&'a Node, &'a NodeRef),
    Port(&'a Node, &'a Port),
    Service(Service),
}

/// What its subject is from then on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State<'a> {
    Here,
    Away,
    Broken(&'a TimelineEvent),
    Ok,
    Release(&'a Name),
}

/// An entry, and who has seen it.
struct Seen<'a> {
    entry: TimelineEntry,
    state: State<'a>,
    by: Vec<&'a InstanceId>,
}

/// Returns the entries that follow from observations, which come by their time; the newest first.
pub(super) fn entries<'a>(
    observations: impl Iterator<Item = &'a Observation>,
) -> Vec<TimelineEntry> {
    let mut seen: Vec<Seen<'a>> = Vec::new();
    // The state of each subject, and the places of its entries.
    let mut subjects = HashMap::<Subject<'a>, (State<'a>, Vec<usize>)>::new();
    for one in observations {
        let (subject, state) = of(one);
        let (current, places) = subjects.entry(subject).or_insert((State::Ok, Vec::new()));
        let last = places.last().copied();
        if state == *current {
            if let Some(last) = last {
                seen[last].is_seen_by(one);
            }
            continue;
        }
        let is_known = |n: &&usize| {
            let known = &seen[**n];
            let is_late = one.at > known.entry.at + MAX_LAG;
            known.state == state && !is_late && !known.by.contains(&&one.by)
        };
        if let Some(known) = places.iter().rev().find(is_known) {
            seen[*known].is_seen_by(one);
            continue;
        }
        if let Some(last) = last.filter(|_| matches!(*current, State::Broken(_))) {
            seen[last].entry.end = Some(one.at);
        }
        *current = state;
        if state != State::Ok {
            places.push(seen.len());
            let entry = TimelineEntry { at: one.at, end: None, event: one.event.clone() };
            seen.push(Seen { entry, state, by: vec![&one.by] });
        }
    }
    let mut entries: Vec<_> = seen.into_iter().map(|seen| seen.entry).collect();
    // Those of one moment stay in the order in which they came.
    entries.reverse();
    entries.sort_by_key(|entry| Reverse(entry.at));
    entries
}

impl<'a> Seen<'a> {
    /// Records that another scoreboard saw it too, which may know more: whom a task replaces.
    fn is_seen_by(&mut self, one: &'a Observation) {
        if !self.by.contains(&&one.by) {
            self.by.push(&one.by);
        }
        if self.state == State::Here && matches!(self.entry.event, TimelineEvent::Joined(_)) {
            self.entry.event = one.event.clone();
        }
    }
}

fn of(observation: &Observation) -> (Subject<'_>, State<'_>) {
    let Observation { event, is_over, .. } = observation;
    let broken = if *is_over { State::Ok } else { State::Broken(event) };
    match event {
        TimelineEvent::Joined(task)
        | TimelineEvent::Replaced(task)
        | TimelineEvent::Moved { task, .. } => (Subject::Task(task), State::Here),
        TimelineEvent::Gone(task) => (Subject::Task(task), State::Away),
        TimelineEvent::Lost { node } | TimelineEvent::Left { node } => {
            (Subject::Node(node), State::Away)
        }
        TimelineEvent::Back { node } => (Subject::Node(node), State::Here),
        TimelineEvent::Path { from, to, .. } => (Subject::Path(from, to), broken),
        TimelineEvent::Port { from, port, .. } => (Subject::Port(from, port), broken),
        TimelineEvent::Release { service, release, .. } => {
            (Subject::Service(*service), State::Release(release))
        }
    }
}
