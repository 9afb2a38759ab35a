//! What has changed in the cluster between two looks at it, for the timeline.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use protocol::name::Name;
use protocol::node::{Node, NodeRef};
use protocol::path::{PathProblem, PathStatus};
use protocol::port::{Port, PortProblem, PortStatus};
use protocol::service::Service;
use protocol::snapshot::{AwayNode, TaskState, TaskView};
use protocol::timeline::{TimelineEntry, TimelineEvent, TimelineTask};
use server::clock::unix_millis;

use crate::timeline::Timeline;

/// How long a node without a task is remembered, and what is gone may be replaced.
pub(crate) const REMEMBERED_FOR: Duration = Duration::from_secs(600);

/// How old a task is at most when discovery lists it: its first healthcheck may be due after a minute, and
/// slow nodes take another one for it. One that is older was there before this scoreboard saw it.
const LISTED_WITHIN: Duration = Duration::from_secs(150);

type Tasks = BTreeMap<u64, TaskView>;

/// What was seen last.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    tasks: Tasks,
    /// The one release of each service that had one last.
    releases: BTreeMap<Service, Name>,
    broken: BTreeMap<(Node, NodeRef), PathProblem>,
    broken_ports: BTreeMap<(Node, Port), PortProblem>,
}

impl Changes {
    /// Compares the tasks with those that were seen last.
    pub(crate) fn see_tasks(&mut self, now: &Tasks, timeline: &mut Timeline) {
        if self.tasks == *now {
            return;
        }
        let before = std::mem::replace(&mut self.tasks, now.clone());
        for (_, task) in running(&before).filter(|(n, _)| !is_running(now, **n)) {
            timeline.saw(TimelineEvent::Gone((&task.task).into()));
        }
        self.see_nodes(&before, timeline);
        for (_, task) in running(now).filter(|(n, _)| !is_running(&before, **n)) {
            if let Some(event) = arrival(task, timeline.entries()) {
                timeline.saw(event);
            }
        }
        self.see_releases(timeline);
    }

    fn see_nodes(&self, before: &Tasks, timeline: &mut Timeline) {
        let (then, now) = (nodes(before), nodes(&self.tasks));
        for node in then.difference(&now) {
            let last = running(before).filter(|(_, task)| task.task.task.node == **node);
            let is_orderly = last.into_iter().all(|(_, task)| task.state == TaskState::Stopping);
            let node = (*node).clone();
            let event = if is_orderly {
                TimelineEvent::Left { node }
            } else {
                TimelineEvent::Lost { node }
            };
            timeline.saw(event);
        }
        for node in now.difference(&then) {
            if away(timeline.entries(), 0).any(|away| away.node == **node) {
                timeline.saw(TimelineEvent::Back { node: (*node).clone() });
            }
        }
    }

    fn see_releases(&mut self, timeline: &mut Timeline) {
        let mut releases = BTreeMap::<Service, BTreeSet<&Name>>::new();
        for (_, task) in running(&self.tasks) {
            releases.entry(task.task.service).or_default().insert(&task.task.release);
        }
        for (service, releases) in releases {
            let (Some(release), 1) = (releases.first(), releases.len()) else { continue };
            let release = (*release).clone();
            let before = self.releases.insert(service, release.clone());
            if let Some(before) = before.filter(|before| *before != release) {
                timeline.saw(TimelineEvent::Release { service, release, before });
            }
        }
    }

    /// Compares the paths that are broken or lose packets with those that did last. A path that is not reported any more
    /// is not known to be broken either.
    pub(crate) fn see_paths(&mut self, paths: &[PathStatus], timeline: &mut Timeline) {
        let broken = paths
            .iter()
            .filter_map(|path| Some(((path.from.clone(), path.to.clone()), path.problem()?)));
        let broken: BTreeMap<_, _> = broken.collect();
        let event = |((from, to), cause): (&(Node, NodeRef), &PathProblem)| TimelineEvent::Path {
            from: from.clone(),
            to: to.clone(),
            cause: *cause,
        };
        see_broken(&mut self.broken, broken, event, timeline);
    }

    /// Compares the ports that are broken with those that were last.
    pub(crate) fn see_ports(&mut self, ports: &[PortStatus], timeline: &mut Timeline) {
        let broken = ports.iter().filter_map(|PortStatus { from, port, cause, .. }| {
            Some(((from.clone(), port.clone()), (*cause)?))
        });
        let event = |((from, port), cause): (&(Node, Port), &PortProblem)| TimelineEvent::Port {
            from: from.clone(),
            port: port.clone(),
            cause: *cause,
        };
        see_broken(&mut self.broken_ports, broken.collect(), event, timeline);
    }
}

/// Compares what is broken with what was last, and why.
fn see_broken<K: Ord, V: PartialEq>(
    before: &mut BTreeMap<K, V>,
    now: BTreeMap<K, V>,
    event: impl Fn((&K, &V)) -> TimelineEvent,
    timeline: &mut Timeline,
) {
    for one in before.iter().filter(|(subject, _)| !now.contains_key(*subject)) {
        timeline.saw_end(event(one));
    }
    for one in now.iter().filter(|(subject, cause)| before.get(*subject) != Some(*cause)) {
        timeline.saw(event(one));
    }
    *before = now;
}

/// Returns the nodes whose last task was gone since a time, in milliseconds since 1970, and that are not
/// back.
pub(crate) fn away(entries: &[TimelineEntry], since: u64) -> impl Iterator<Item = AwayNode> {
    let mut known = BTreeSet::new();
    // The newest comes first.
    let last = entries.iter().filter_map(move |entry| {
        let (node, is_lost) = match &entry.event {
            TimelineEvent::Lost { node } => (node, Some(true)),
            TimelineEvent::Left { node } => (node, Some(false)),
            TimelineEvent::Back { node } => (node, None),
            _ => return None,
        };
        let is_last = known.insert(node);
        is_lost.filter(|_| is_last).map(|is_lost| AwayNode {
            node: node.clone(),
            at: entry.at,
            is_lost,
        })
    });
    last.filter(move |away| away.at >= since)
}

/// Returns the time so long ago, in milliseconds since 1970.
pub(crate) fn ago(time: Duration) -> u64 {
    unix_millis().saturating_sub(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}

/// Returns what it is that a task answers; none if it was there before this scoreboard.
fn arrival(view: &TaskView, entries: &[TimelineEntry]) -> Option<TimelineEvent> {
    let task = TimelineTask::from(&view.task);
    let since = ago(REMEMBERED_FOR);
    let mut gone = entries.iter().take_while(|entry| entry.at >= since).filter_map(|entry| {
        match &entry.event {
            TimelineEvent::Gone(gone) => Some(gone),
            _ => None,
        }
    });
    let is_of_name =
        |gone: &&TimelineTask| (gone.service, &gone.task.name) == (task.service, &task.task.name);
    match gone.find(is_of_name) {
        Some(gone) if gone.task.node != task.task.node => {
            Some(TimelineEvent::Moved { from: gone.task.node.clone(), task })
        }
        Some(gone) if *gone != task => Some(TimelineEvent::Replaced(task)),
        Some(_) => Some(TimelineEvent::Joined(task)),
        None => {
            let is_new = task.started.saturating_mul(1000) >= ago(LISTED_WITHIN);
            (view.state == TaskState::New && is_new).then_some(TimelineEvent::Joined(task))
        }
    }
}

fn running(tasks: &Tasks) -> impl Iterator<Item = (&u64, &TaskView)> {
    tasks.iter().filter(|(_, task)| task.state != TaskState::Gone)
}

fn is_running(tasks: &Tasks, number: u64) -> bool {
    tasks.get(&number).is_some_and(|task| task.state != TaskState::Gone)
}

fn nodes(tasks: &Tasks) -> BTreeSet<&Node> {
    running(tasks).map(|(_, task)| &task.task.task.node).collect()
}

#[cfg(test)]
mod tests;
