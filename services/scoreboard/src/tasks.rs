//! Which tasks there are, and the state of each: the placement as service discovery shows it.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use client::fault::Fault;
use protocol::node::Node;
use protocol::service::Service;
use protocol::snapshot::{TaskState, TaskView};
use protocol::whoami::WhoAmI;
use tokio::time::Instant;

/// Maximum number of tasks of all services.
const MAX_TASKS: usize = 512;

/// How long a task that came after the scoreboard is new.
const NEW: Duration = Duration::from_secs(6);

/// How long after the scoreboard's own start a task is taken to have been there before.
const STARTUP_GRACE: Duration = Duration::from_secs(3);

/// How long a task that is gone is still shown.
const GONE: Duration = Duration::from_secs(20);

/// Maximum number of tasks that are gone and still shown.
const MAX_GONE: usize = 64;

/// How many failures make a task gone, where a late answer counts as one, since the task may be
/// busy, and anything else as two: one refused connection may be a restart, two in a row are an end.
const MAX_FAILURES: u8 = 4;

/// The tasks by the addresses of their admin ports.
#[derive(Debug)]
pub(crate) struct TaskRegistry {
    started: Instant,
    running: HashMap<SocketAddr, KnownTask>,
    gone: VecDeque<GoneTask>,
    /// How many tasks have come.
    count: u64,
    /// The services of which a task has answered.
    services: HashSet<Service>,
}

#[derive(Debug)]
struct KnownTask {
    /// What distinguishes it from all others, whatever they are called.
    number: u64,
    whoami: WhoAmI,
    since: Instant,
    is_listed: bool,
    failures_left: u8,
}

#[derive(Debug)]
struct GoneTask {
    address: SocketAddr,
    task: KnownTask,
    since: Instant,
}

impl TaskRegistry {
    /// Makes a registry without tasks.
    pub(crate) fn new() -> Self {
        let (running, gone) = (HashMap::new(), VecDeque::new());
        Self { started: Instant::now(), running, gone, count: 0, services: HashSet::new() }
    }

    /// Records a task's answer, and whether discovery lists its address; returns whether that is a
    /// change.
    pub(crate) fn answered(
        &mut self,
        address: SocketAddr,
        whoami: WhoAmI,
        is_listed: bool,
    ) -> bool {
        if let Some(task) = self.running.get_mut(&address) {
            if task.whoami == whoami {
                task.failures_left = MAX_FAILURES;
                return std::mem::replace(&mut task.is_listed, is_listed) != is_listed;
            }
            // Another task at the same address.
            self.remove(address);
        }
        if self.running.len() >= MAX_TASKS {
            return false;
        }
        let is_back = |gone: &GoneTask| gone.address == address && gone.task.whoami == whoami;
        let back = self.gone.iter().position(is_back).and_then(|at| self.gone.remove(at));
        self.count += 1;
        self.services.insert(whoami.service);
        let (number, since) = match back {
            Some(GoneTask { task, .. }) => (task.number, task.since),
            None => (self.count, Instant::now()),
        };
        let task = KnownTask { number, whoami, since, is_listed, failures_left: MAX_FAILURES };
        self.running.insert(address, task);
        true
    }

    /// Records that a task did not answer, and whether discovery lists its address; returns whether
    /// that is a change.
    pub(crate) fn failed(&mut self, address: SocketAddr, fault: Fault, is_listed: bool) -> bool {
        let Some(task) = self.running.get_mut(&address) else { return false };
        let failures = if fault == Fault::Timeout { 1 } else { 2 };
        task.failures_left = task.failures_left.saturating_sub(failures);
        let is_gone = task.failures_left == 0 || !is_listed;
        if is_gone {
            self.remove(address);
        }
        is_gone
    }

    fn remove(&mut self, address: SocketAddr) {
        if let Some(task) = self.running.remove(&address) {
            if self.gone.len() >= MAX_GONE {
                self.gone.pop_front();
            }
            self.gone.push_back(GoneTask { address, task, since: Instant::now() });
        }
    }

    /// Returns whether there is a task at an address.
    pub(crate) fn contains(&self, address: SocketAddr) -> bool {
        self.running.contains_key(&address)
    }

    /// Returns whether there is a task of a service.
    pub(crate) fn has(&self, service: Service) -> bool {
        self.running.values().any(|task| task.whoami.service == service)
    }

    /// Returns whether no task has ever answered: then nothing is known of them.
    pub(crate) fn is_blind(&self) -> bool {
        self.services.is_empty()
    }

    /// Returns whether a task of a service has ever answered.
    pub(crate) fn has_had(&self, service: Service) -> bool {
        self.services.contains(&service)
    }

    /// Returns the nodes that tasks run on which are to stay.
    pub(crate) fn nodes(&self) -> HashSet<Node> {
        let listed = self.running.values().filter(|task| task.is_listed);
        listed.map(|task| task.whoami.task.node.clone()).collect()
    }

    /// Returns all tasks, and those that were there until a moment ago, by their numbers.
    pub(crate) fn views(&self) -> BTreeMap<u64, TaskView> {
        let running = self.running.values().map(|task| (task, self.state(task)));
        let gone = self.gone.iter().filter(|gone| gone.since.elapsed() < GONE);
        let all = running.chain(gone.map(|gone| (&gone.task, TaskState::Gone)));
        let view = |(task, state): (&KnownTask, _)| {
            (task.number, TaskView { task: task.whoami.clone(), state })
        };
        all.map(view).collect()
    }

    fn state(&self, task: &KnownTask) -> TaskState {
        let came_later = task.since > self.started + STARTUP_GRACE;
        if !task.is_listed {
            TaskState::Stopping
        } else if came_later && task.since.elapsed() < NEW {
            TaskState::New
        } else {
            TaskState::Running
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn address(n: u8) -> SocketAddr {
        ([10, 0, 9, n], 3001).into()
    }

    fn whoami(task: &str, release: &str) -> WhoAmI {
        WhoAmI {
            service: Service::Ping,
            task: format!("{task}@pi1").parse().expect("a task"),
            version: "0.1.0".parse().expect("a name"),
            release: release.parse().expect("a name"),
            os: "linux".parse().expect("a name"),
            arch: "arm".parse().expect("a name"),
            started: 7,
        }
    }

    /// Returns each task with its release and state, in the order in which they came.
    fn states(tasks: &TaskRegistry) -> Vec<(String, TaskState)> {
        let views = tasks.views().into_values();
        views
            .map(|view| (format!("{} {}", view.task.task.name, view.task.release), view.state))
            .collect()
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_goes_from_new_to_running_stopping_and_gone() {
        let mut tasks = TaskRegistry::new();
        assert!(tasks.answered(address(1), whoami("ping.1", "1"), true));
        assert_eq!(states(&tasks), [("ping.1 1".into(), TaskState::Running)], "there before");
        advance(STARTUP_GRACE * 2).await;
        assert!(tasks.answered(address(2), whoami("ping.2", "1"), true));
        assert_eq!(states(&tasks)[1].1, TaskState::New);
        advance(NEW).await;
        assert!(!tasks.answered(address(2), whoami("ping.2", "1"), true), "nothing has changed");
        assert_eq!(states(&tasks)[1].1, TaskState::Running);

        assert!(tasks.answered(address(2), whoami("ping.2", "1"), false));
        assert_eq!(states(&tasks)[1].1, TaskState::Stopping);
        assert!(tasks.failed(address(2), Fault::Refused, false));
        assert_eq!(states(&tasks)[1].1, TaskState::Gone);
        assert!(!tasks.contains(address(2)));
        advance(GONE).await;
        assert_eq!(states(&tasks).len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn two_refusals_or_four_timeouts_mark_a_task_gone() {
        for (fault, times) in [(Fault::Refused, 2), (Fault::Timeout, 4)] {
            let mut tasks = TaskRegistry::new();
            tasks.answered(address(1), whoami("ping.1", "1"), true);
            for n in 1..=times {
                assert_eq!(states(&tasks)[0].1, TaskState::Running);
                assert_eq!(tasks.failed(address(1), fault, true), n == times);
                assert_eq!(tasks.has(Service::Ping), n < times);
            }
            assert_eq!(states(&tasks)[0].1, TaskState::Gone);
            tasks.answered(address(1), whoami("ping.1", "1"), true);
            let running = [("ping.1 1".into(), TaskState::Running)];
            assert_eq!(states(&tasks), running, "it was only late");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_release_at_an_old_address_is_another_task() {
        let mut tasks = TaskRegistry::new();
        tasks.answered(address(1), whoami("ping.1", "1"), true);
        assert!(tasks.answered(address(1), whoami("ping.1", "2"), true));
        let expected =
            [("ping.1 1".into(), TaskState::Gone), ("ping.1 2".into(), TaskState::Running)];
        assert_eq!(states(&tasks), expected);
    }

    #[test]
    fn invalid_whoami_responses_are_rejected() {
        let valid = serde_json::to_string(&whoami("ping.1", "1")).expect("plain");
        assert!(serde_json::from_str::<WhoAmI>(&valid).is_ok());
        for (part, instead) in [("ping.1", "<script>"), ("pi1", "p i"), ("\"ping\"", "\"pang\"")] {
            let invalid = valid.replacen(part, instead, 1);
            assert!(serde_json::from_str::<WhoAmI>(&invalid).is_err(), "{invalid}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn tasks_that_come_and_go_without_end_are_bounded() {
        let mut tasks = TaskRegistry::new();
        for n in 0..1000 {
            tasks.answered(address(1), whoami(&format!("ping.{n}"), "1"), true);
        }
        assert_eq!(tasks.views().len(), 1 + MAX_GONE);
    }
}
