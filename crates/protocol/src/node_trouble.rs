//! What is wrong with a node as such, whatever is known of its paths.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::node::Node;

/// A node of whose paths not everything is known, or whose clock is off.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TroubledNode {
    /// The node.
    pub node: Node,
    /// What is wrong with it.
    pub trouble: NodeTrouble,
    /// The addresses of the proxies that share its name; empty for any other trouble.
    pub addresses: Vec<SocketAddr>,
    /// By how many seconds its clock is ahead of those of most nodes, negative if it is behind; none for
    /// any other trouble.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seconds: Option<i64>,
}

/// What is wrong with a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeTrouble {
    /// Tasks run on it and no proxy is heard, so nothing measures its paths.
    NoProber,
    /// Proxies at several addresses have its name and no id, so they may be on several nodes, whose
    /// paths are not told apart.
    SharedName,
    /// Its clock differs by more than 2 s from those of most nodes, so times in logs and in the timeline
    /// cannot be compared.
    ClockOff,
}

impl NodeTrouble {
    /// Returns the trouble in one word, as JSON and metrics have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoProber => "no_prober",
            Self::SharedName => "shared_name",
            Self::ClockOff => "clock_off",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trouble_has_the_same_name_in_json_and_metrics() {
        for trouble in [NodeTrouble::NoProber, NodeTrouble::SharedName, NodeTrouble::ClockOff] {
            assert_eq!(serde_json::to_value(trouble).expect("plain"), trouble.name());
        }
    }
}
