//! What happened in the cluster and when, as a scoreboard's `/timeline` answers, and what scoreboards
//! tell each other of it.

use serde::{Deserialize, Serialize};

use crate::id::InstanceId;
use crate::name::Name;
use crate::node::{Node, NodeRef};
use crate::path::PathProblem;
use crate::port::{Port, PortProblem};
use crate::service::Service;
use crate::task::Task;
use crate::whoami::WhoAmI;

/// The format of `/timeline`; raised by each change that breaks a reader.
pub const FORMAT: u32 = 1;

/// What happened, as all scoreboards together have seen it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timeline {
    /// [`FORMAT`].
    pub format: u32,
    /// The scoreboard that answers.
    pub scoreboard: Task,
    /// What happened, the newest first: at most the last 500.
    pub entries: Vec<TimelineEntry>,
}

/// Something that happened, or that lasted for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimelineEntry {
    /// When it was first seen, in milliseconds since 1970 by the clock of the scoreboard that saw it.
    pub at: u64,
    /// When a path or port was last seen broken, or a path losing packets, likewise; none while it is, and for what does not
    /// last.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub end: Option<u64>,
    /// What happened.
    #[serde(flatten)]
    pub event: TimelineEvent,
}

/// What may happen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum TimelineEvent {
    /// A task answers that did not before.
    Joined(TimelineTask),
    /// Likewise, after one of its name is gone from the same node.
    Replaced(TimelineTask),
    /// Likewise, after one of its name is gone from another node.
    Moved {
        /// The task.
        #[serde(flatten)]
        task: TimelineTask,
        /// The node of the one before.
        from: Node,
    },
    /// A task does not answer any more.
    Gone(TimelineTask),
    /// The last task of a node is gone, and discovery listed it to the end.
    Lost {
        /// The node.
        node: Node,
    },
    /// The last task of a node is gone, after discovery had ceased to list it.
    Left {
        /// The node.
        node: Node,
    },
    /// A node that was lost or had left has a task again.
    Back {
        /// The node.
        node: Node,
    },
    /// A path was broken or lost packets.
    Path {
        /// The node that asks.
        from: Node,
        /// The node that answers.
        to: NodeRef,
        /// Why it was broken, or that it lost packets.
        cause: PathProblem,
    },
    /// A published port or a virtual address was broken, seen from one node.
    Port {
        /// The node of the proxy that asks.
        from: Node,
        /// The port.
        port: Port,
        /// What was wrong with it.
        cause: PortProblem,
    },
    /// All tasks of a service have another release than before.
    Release {
        /// The service.
        service: Service,
        /// Their release.
        release: Name,
        /// The one before.
        before: Name,
    },
}

/// A task of which something happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TimelineTask {
    /// Its service.
    pub service: Service,
    /// The task.
    #[serde(flatten)]
    pub task: Task,
    /// What its build is called.
    pub release: Name,
    /// When it started, in seconds since 1970 by its own clock, which tells it from others of its name.
    pub started: u64,
}

impl From<&WhoAmI> for TimelineTask {
    fn from(whoami: &WhoAmI) -> Self {
        Self {
            service: whoami.service,
            task: whoami.task.clone(),
            release: whoami.release.clone(),
            started: whoami.started,
        }
    }
}

/// What one scoreboard has seen; by its time first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Observation {
    /// When it was seen, in milliseconds since 1970 by the clock of that scoreboard.
    pub at: u64,
    /// The scoreboard that saw it.
    pub by: InstanceId,
    /// Whether what was seen is that it is over, as of a path that was broken.
    #[serde(default)]
    pub is_over: bool,
    /// What happened.
    #[serde(flatten)]
    pub event: TimelineEvent,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_entry_says_what_happened_in_one_flat_object() {
        let task = TimelineTask {
            service: Service::Ping,
            task: "ping.2@pi3/2kq4".parse().expect("a task"),
            release: "2".parse().expect("a name"),
            started: 7,
        };
        let moved = TimelineEvent::Moved { task, from: "pi1".parse().expect("a node") };
        let entry = TimelineEntry { at: 1_764_170_000_123, end: None, event: moved };
        let json = r#"{"at":1764170000123,"kind":"moved","service":"ping","task":"ping.2","node":"pi3/2kq4","release":"2","started":7,"from":"pi1"}"#;
        assert_eq!(serde_json::to_string(&entry).expect("plain"), json);
        assert_eq!(serde_json::from_str::<TimelineEntry>(json).expect("an entry"), entry);
        let path =
            r#"{"at":1,"end":9,"kind":"path","from":"pi1","to":"10.0.9.4:3001","cause":"timeout"}"#;
        let entry: TimelineEntry = serde_json::from_str(path).expect("an entry");
        assert_eq!(serde_json::to_string(&entry).expect("plain"), path);
        for bad in
            [r#"{"at":1,"kind":"lost","node":"<b>"}"#, r#"{"at":1,"kind":"won","node":"pi1"}"#]
        {
            assert!(serde_json::from_str::<TimelineEntry>(bad).is_err(), "{bad}");
        }
    }
}
