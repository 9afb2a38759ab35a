//! Where clients enter, and whether they get through: the published ports of nodes, and the virtual
//! addresses of services.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::name::{InvalidName, serialized_as_text};
use crate::node::Node;
use crate::probe_failure::ProbeFailure;
use crate::target::Target;

/// A port at which proxies are reached from outside their network, or through a load balancer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Port {
    /// What it is.
    pub kind: PortKind,
    /// The node whose port it is, if that is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub node: Option<Node>,
    /// Where it is.
    pub address: Target,
}

/// What a port is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PortKind {
    /// A node's published port.
    Published,
    /// The virtual address of a service, behind which are all its tasks.
    Virtual,
}

/// The address, with the node or `VIP` in parentheses.
impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kind, node, address } = self;
        match (kind, node) {
            (PortKind::Virtual, _) => f.pad(&format!("{address} (VIP)")),
            (PortKind::Published, Some(node)) => f.pad(&format!("{address} ({node})")),
            (PortKind::Published, None) => address.fmt(f),
        }
    }
}

/// What is wrong with a port, as it is seen from one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PortProblem {
    /// No connection gets an answer from a proxy.
    Failed(ProbeFailure),
    /// The proxy of another node than the port's answers.
    WrongNode,
    /// Some connections get an answer and others do not.
    SomeFail,
    /// The proxies of some nodes never answer.
    Unreached,
}

impl PortProblem {
    /// Returns the problem in one word, as JSON, tables and metrics have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Failed(cause) => cause.name(),
            Self::WrongNode => "wrong_node",
            Self::SomeFail => "some_fail",
            Self::Unreached => "unreached",
        }
    }

    /// Returns all problems.
    pub fn all() -> impl Iterator<Item = Self> {
        let failed = ProbeFailure::ALL.into_iter().map(Self::Failed);
        failed.chain([Self::WrongNode, Self::SomeFail, Self::Unreached])
    }
}

impl fmt::Display for PortProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for PortProblem {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::all().find(|one| one.name() == text).ok_or(InvalidName)
    }
}

serialized_as_text!(PortProblem);

/// What one proxy has found out about a port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortMeasurement {
    /// The port.
    pub port: Port,
    /// What is wrong with it, if anything is.
    pub cause: Option<PortProblem>,
    /// The nodes whose proxies answered lately.
    pub answered: Vec<Node>,
    /// The nodes whose proxies should answer and never do.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub unreached: Vec<Node>,
}

/// A port as it is seen from one node, as a scoreboard's `/paths` has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortStatus {
    /// The node of the proxy that asks.
    pub from: Node,
    /// Whether it has not reported for 10 s, so that nothing is known.
    pub is_stale: bool,
    /// Since when it is broken, if it is, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub since: Option<u64>,
    /// The port.
    pub port: Port,
    /// What is wrong with it, if anything is.
    pub cause: Option<PortProblem>,
    /// The nodes whose proxies answered lately.
    pub answered: Vec<Node>,
    /// The nodes whose proxies should answer and never do.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub unreached: Vec<Node>,
}

/// The ports as the page shows them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PortSummary {
    /// How many ports are checked, each from one node.
    pub checked: usize,
    /// Those that are broken, at most 16.
    pub broken: Vec<PortStatus>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_read_as_it_is_written() {
        for problem in PortProblem::all() {
            let json = serde_json::to_string(&problem).expect("plain");
            assert_eq!(json, format!("\"{problem}\""));
            assert_eq!(serde_json::from_str::<PortProblem>(&json).expect("a problem"), problem);
        }
        assert!(serde_json::from_str::<PortProblem>("\"well\"").is_err());
    }

    #[test]
    fn a_port_is_shown_with_its_node_and_read_back() {
        for (json, shown) in [
            (
                r#"{"kind":"published","node":"pi3/2kq4","address":"10.99.0.3:3000"}"#,
                "10.99.0.3:3000 (pi3/2kq4)",
            ),
            (r#"{"kind":"published","address":"[fd00::4]:80"}"#, "[fd00::4]:80"),
            (r#"{"kind":"virtual","address":"proxy:3000"}"#, "proxy:3000 (VIP)"),
        ] {
            let port: Port = serde_json::from_str(json).expect("a port");
            assert_eq!(port.to_string(), shown);
            assert_eq!(serde_json::to_string(&port).expect("plain"), json);
        }
        for bad in [
            r#"{"kind":"published","address":"<b>:1"}"#,
            r#"{"kind":"published","node":"\u001b","address":"pi3:1"}"#,
            r#"{"kind":"open","address":"pi3:1"}"#,
        ] {
            assert!(serde_json::from_str::<Port>(bad).is_err(), "{bad}");
        }
    }
}
