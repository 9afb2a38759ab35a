//! Tasks and the nodes they run on.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::name::{InvalidName, Name};

/// One running copy of a service and the node it is on; written `ping.2@pi3`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Task {
    /// The task as Swarm names it, such as `ping.2`.
    #[serde(rename = "task")]
    pub name: Name,
    /// The node it runs on.
    pub node: Name,
}

impl Task {
    /// Returns the name of a task that does not name itself: one that never answered, or that
    /// somebody else wrote.
    #[must_use]
    pub fn unnamed(address: SocketAddr) -> Self {
        let node = Name::from_any(&address.ip().to_string());
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

/// The end of a path: a node by its name, or the address of a proxy that has never answered.
///
/// On the wire it is one string. An address has a colon and a name cannot, so they are never
/// confused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum NodeRef {
    /// A node whose proxy has answered.
    Node(Name),
    /// The address of a proxy that has never answered.
    Address(SocketAddr),
}

impl fmt::Display for NodeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(name) => name.fmt(f),
            Self::Address(address) => f.pad(&address.to_string()),
        }
    }
}

impl FromStr for NodeRef {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        match text.parse() {
            Ok(address) => Ok(Self::Address(address)),
            Err(_) => text.parse().map(Self::Node),
        }
    }
}

impl TryFrom<String> for NodeRef {
    type Error = InvalidName;

    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<NodeRef> for String {
    fn from(end: NodeRef) -> Self {
        end.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_is_read_as_it_is_written() {
        let task: Task = "ping.2@pi3".parse().expect("valid");
        assert_eq!((task.name.as_str(), task.node.as_str()), ("ping.2", "pi3"));
        assert_eq!(task.to_string(), "ping.2@pi3");
    }

    #[test]
    fn the_end_of_a_path_is_read_as_it_is_written() {
        for text in ["pi3", "10.0.9.4", "10.0.9.4:3001", "[fd00::4]:3001"] {
            let end: NodeRef = text.parse().expect("valid");
            assert_eq!(end.to_string(), text);
            assert_eq!(matches!(end, NodeRef::Address(_)), text.contains(':'), "{text}");
        }
        assert_eq!("a b".parse::<NodeRef>(), Err(InvalidName));
    }
}
