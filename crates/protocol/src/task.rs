//! Tasks.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::name::{InvalidName, Name};
use crate::node::Node;

/// One running copy of a service and the node it is on, written `ping.2@pi3`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Task {
    /// The task as Swarm names it, such as `ping.2`.
    #[serde(rename = "task")]
    pub name: Name,
    /// The node it runs on.
    pub node: Node,
}

impl Task {
    /// Returns the name of a task that does not name itself: one that never answered, or that
    /// somebody else wrote.
    #[must_use]
    pub fn unnamed(address: SocketAddr) -> Self {
        let node = Name::from_any(&address.ip().to_string()).into();
        Self { name: Name::from_any(&address.to_string()), node }
    }
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.node)
    }
}

impl FromStr for Task {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let (name, node) = text.split_once('@').ok_or(InvalidName)?;
        Ok(Self { name: name.parse()?, node: node.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_read_as_it_is_written() {
        for (text, node) in [("ping.2@pi3", "pi3"), ("ping.2@pi3/2kq4ma1b", "pi3/2kq4ma1b")] {
            let task: Task = text.parse().expect("valid");
            assert_eq!((task.name.as_str(), task.node.to_string().as_str()), ("ping.2", node));
            assert_eq!(task.to_string(), text);
        }
    }
}
