use protocol::id::InstanceId;
use protocol::path::PathState;
use protocol::probe::ProbeFailure;
use protocol::whoami::WhoAmI;

use super::*;

/// What a scoreboard looks at again and again.
struct Watch {
    changes: Changes,
    timeline: Timeline,
    seen: usize,
}

impl Watch {
    fn new() -> Self {
        let timeline = Timeline::new(InstanceId::new(1));
        Self { changes: Changes::default(), timeline, seen: 0 }
    }

    /// Looks at tasks, such as `ping.1@pi1 2 new`, which have numbers by their names; returns what has
    /// happened.
    fn see(&mut self, tasks: &[&str]) -> Vec<String> {
        let tasks = tasks.iter().map(|text| {
            let words: Vec<_> = text.split(' ').collect();
            (number(words[0], words[1]), view(words[0], words[1], words.get(2).copied()))
        });
        self.changes.see_tasks(&tasks.collect(), &mut self.timeline);
        self.told()
    }

    /// Returns what has happened since the last call, the oldest first.
    fn told(&mut self) -> Vec<String> {
        let entries = self.timeline.entries();
        let new = entries.len() - self.seen;
        self.seen = entries.len();
        let mut told: Vec<_> = entries[..new].iter().map(|entry| tell(&entry.event)).collect();
        told.reverse();
        told
    }
}

fn number(task: &str, release: &str) -> u64 {
    format!("{task} {release}").bytes().fold(0, |sum, byte| sum * 31 % 1_000_003 + u64::from(byte))
}

fn view(task: &str, release: &str, state: Option<&str>) -> TaskView {
    let name = |text: &str| text.parse::<Name>().expect("a name");
    let started = match state {
        Some("old") => 7,
        // Always lately.
        _ => u64::from(u32::MAX) + number(task, release) % 60,
    };
    let whoami = WhoAmI {
        service: task.split('.').next().expect("a service").parse().expect("a service"),
        task: task.parse().expect("a task"),
        version: name("1"),
        release: name(release),
        os: name("linux"),
        arch: name("arm"),
        started,
    };
    let state = match state {
        Some("stopping") => TaskState::Stopping,
        Some("there") => TaskState::Running,
        _ => TaskState::New,
    };
    TaskView { task: whoami, state }
}

fn tell(event: &TimelineEvent) -> String {
    match event {
        TimelineEvent::Joined(task) => format!("joined {}", task.task),
        TimelineEvent::Replaced(task) => format!("replaced {} by {}", task.task, task.release),
        TimelineEvent::Moved { task, from } => format!("moved {} from {from}", task.task),
        TimelineEvent::Gone(task) => format!("gone {}", task.task),
        TimelineEvent::Lost { node } => format!("lost {node}"),
        TimelineEvent::Left { node } => format!("left {node}"),
        TimelineEvent::Back { node } => format!("back {node}"),
        TimelineEvent::Port { from, port, cause } => format!("{from}>{port} {cause}"),
        TimelineEvent::Path { from, to, cause } => format!("{from}>{to} {}", cause.name()),
        TimelineEvent::Release { service, release, before } => {
            format!("{service} {before}>{release}")
        }
    }
}

#[test]
fn what_was_there_before_is_no_news_and_what_comes_later_is() {
    let mut watch = Watch::new();
    assert_eq!(watch.see(&["ping.1@pi1 1 there"]), [""; 0]);
    // First seen late, since the path to it was broken.
    assert_eq!(watch.see(&["ping.1@pi1 1 there", "ping.2@pi2 1 old"]), [""; 0]);
    let three = ["ping.1@pi1 1 there", "ping.2@pi2 1 old", "ping.3@pi1 1"];
    assert_eq!(watch.see(&three), ["joined ping.3@pi1"]);
    assert_eq!(watch.see(&three[..2]), ["gone ping.3@pi1"]);
}

#[test]
fn a_task_after_one_of_its_name_has_moved_or_replaced_it() {
    let mut watch = Watch::new();
    let proxies = ["proxy.pi1@pi1 1 there", "proxy.pi2@pi2 1 there"];
    let with = |task| [proxies[0], proxies[1], task];
    watch.see(&with("ping.1@pi1 1 there"));
    assert_eq!(watch.see(&proxies), ["gone ping.1@pi1"]);
    assert_eq!(watch.see(&with("ping.1@pi2 1")), ["moved ping.1@pi2 from pi1"]);
    assert_eq!(watch.see(&proxies), ["gone ping.1@pi2"]);
    let replaced = ["replaced ping.1@pi2 by 2", "ping 1>2"];
    assert_eq!(watch.see(&with("ping.1@pi2 2")), replaced);
}

#[test]
fn a_task_that_starts_before_the_one_it_replaces_stops_has_joined() {
    let mut watch = Watch::new();
    watch.see(&["ping.1@pi1 1 there", "ping.2@pi1 1 there"]);
    assert_eq!(
        watch.see(&["ping.1@pi1 1 there", "ping.2@pi1 1 there", "ping.1@pi1 2"]),
        ["joined ping.1@pi1"]
    );
    assert_eq!(watch.see(&["ping.2@pi1 1 there", "ping.1@pi1 2"]), ["gone ping.1@pi1"]);
    let rolled = watch.see(&["ping.1@pi1 2", "ping.2@pi1 2"]);
    assert_eq!(rolled, ["gone ping.2@pi1", "replaced ping.2@pi1 by 2", "ping 1>2"]);
}

#[test]
fn a_node_whose_last_task_dies_is_lost_and_one_that_is_emptied_has_left() {
    let mut watch = Watch::new();
    let here = "proxy.pi1@pi1 1 there";
    watch.see(&[here, "ping.1@pi2 1 there", "proxy.pi2@pi2 1 there"]);
    assert_eq!(watch.see(&[here, "proxy.pi2@pi2 1 there"]), ["gone ping.1@pi2"]);
    assert_eq!(watch.see(&[here]), ["gone proxy.pi2@pi2", "lost pi2"]);
    let remembered: Vec<_> = away(watch.timeline.entries(), ago(REMEMBERED_FOR)).collect();
    assert_eq!((remembered.len(), remembered[0].node.to_string().as_str()), (1, "pi2"));
    assert!(remembered[0].is_lost);
    let back = watch.see(&[here, "proxy.pi2@pi2 1 stopping"]);
    assert_eq!(back, ["back pi2", "joined proxy.pi2@pi2"]);
    assert_eq!(away(watch.timeline.entries(), ago(REMEMBERED_FOR)).count(), 0);
    watch.see(&[here]);
    let away: Vec<_> = away(watch.timeline.entries(), ago(REMEMBERED_FOR)).collect();
    assert!(away.len() == 1 && !away[0].is_lost, "{away:?}");
    assert_eq!(super::away(watch.timeline.entries(), u64::MAX).count(), 0, "it is forgotten");
}

#[test]
fn a_path_is_broken_once_for_each_cause_and_ends() {
    let mut watch = Watch::new();
    let path = |cause: Option<ProbeFailure>| PathStatus {
        from: "pi1".parse().expect("a node"),
        to: "pi2".parse().expect("a node"),
        state: PathState::Ok,
        cause,
        probes: None,
        strokes: None,
    };
    let mut see = |paths: &[PathStatus]| {
        watch.changes.see_paths(paths, &mut watch.timeline);
        let ends = watch.timeline.entries().iter().map(|entry| entry.end.is_some());
        (ends.collect::<Vec<_>>(), watch.told())
    };
    assert_eq!(see(&[path(None)]), (vec![], vec![]));
    let timeout = path(Some(ProbeFailure::Timeout));
    assert_eq!(
        see(std::slice::from_ref(&timeout)),
        (vec![false], vec!["pi1>pi2 timeout".to_owned()])
    );
    assert_eq!(see(&[timeout]), (vec![false], vec![]));
    let lost = path(Some(ProbeFailure::Lost));
    let (ends, told) = see(&[lost]);
    assert_eq!((ends.len(), told), (2, vec!["pi1>pi2 lost".to_owned()]));
    assert_eq!(see(&[]), (vec![true, true], vec![]));
}
