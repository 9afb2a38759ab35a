//! Nodes, and the ends of paths between them.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::name::{InvalidName, Name, serialized_as_text};

/// A machine of the cluster, written `pi3`, or `pi3/2kq4ma1b` where it has an id.
///
/// Many machines keep the name that their image gave them, so it is the id that tells nodes apart.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Node {
    /// Its host name, unless it was given another.
    pub name: Name,
    /// What no other node has: the id that Swarm gave it, if its tasks were told.
    pub id: Option<Name>,
}

impl Node {
    /// Returns whether two tasks that name their nodes so may be on the same one: by the ids, or if one
    /// of them was not told its id, by the names.
    #[must_use]
    pub fn may_be(&self, other: &Self) -> bool {
        match (&self.id, &other.id) {
            (Some(id), Some(other)) => id == other,
            _ => self.name == other.name,
        }
    }
}

/// A node without an id.
impl From<Name> for Node {
    fn from(name: Name) -> Self {
        Self { name, id: None }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.id {
            Some(id) => f.pad(&format!("{}/{id}", self.name)),
            None => self.name.fmt(f),
        }
    }
}

impl FromStr for Node {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Ok(match text.split_once('/') {
            Some((name, id)) => Self { name: name.parse()?, id: Some(id.parse()?) },
            None => Self { name: text.parse()?, id: None },
        })
    }
}

/// The end of a path: a node, or the address of a proxy that has never answered.
///
/// On the wire it is one string. An address has a colon and a node cannot, so they are never
/// confused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum NodeRef {
    /// A node whose proxy has answered.
    Node(Node),
    /// The address of a proxy that has never answered, or whose node cannot be told from another.
    Address(SocketAddr),
}

impl NodeRef {
    /// Returns the node, unless it is an address.
    #[must_use]
    pub const fn node(&self) -> Option<&Node> {
        match self {
            Self::Node(node) => Some(node),
            Self::Address(_) => None,
        }
    }
}

impl fmt::Display for NodeRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node(node) => node.fmt(f),
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

serialized_as_text!(Node, NodeRef);

#[cfg(test)]
mod tests {
    use super::*;

    fn node(text: &str) -> Node {
        text.parse().expect("a node")
    }

    #[test]
    fn the_end_of_a_path_is_read_as_it_is_written() {
        for text in ["pi3", "pi3/2kq4ma1b", "10.0.9.4", "10.0.9.4:3001", "[fd00::4]:3001"] {
            let end: NodeRef = text.parse().expect("valid");
            assert_eq!(end.to_string(), text);
            assert_eq!(matches!(end, NodeRef::Address(_)), text.contains(':'), "{text}");
        }
        for text in ["a b", "", "pi3/", "/2kq4", "pi3/a/b", "pi3/<b>"] {
            assert_eq!(text.parse::<NodeRef>(), Err(InvalidName), "{text}");
        }
    }

    #[test]
    fn ids_tell_nodes_with_one_name_apart_where_both_are_known() {
        assert_ne!(node("pi/a"), node("pi/b"));
        assert!(!node("pi/a").may_be(&node("pi/b")));
        for (one, other) in [("pi", "pi"), ("pi/a", "renamed/a"), ("pi", "pi/a"), ("pi/a", "pi")] {
            assert!(node(one).may_be(&node(other)), "{one} {other}");
        }
        assert!(!node("pi").may_be(&node("pi2")));
    }
}
