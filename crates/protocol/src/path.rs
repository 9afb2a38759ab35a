//! The health of the paths between nodes, as a scoreboard's `/paths` answers.
//!
//! Two things cross a path: the probes of the proxies, which measure the network alone, and the
//! strokes, which measure what the game experiences of it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::name::{InvalidName, serialized_as_text};
use crate::node::{Node, NodeRef};
use crate::node_trouble::TroubledNode;
use crate::port::PortStatus;
use crate::probe::{PathMeasurement, ProbeFailure};
use crate::task::Task;

/// The format of `/paths`; raised by each change that breaks a reader.
pub const FORMAT: u32 = 3;

/// The health of all paths, and how many of them are measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PathList {
    /// [`FORMAT`].
    pub format: u32,
    /// The scoreboard that answers.
    pub scoreboard: Task,
    /// How many nodes there are: those that have a proxy, and those that lack one.
    pub nodes: usize,
    /// How many ordered pairs of nodes that makes.
    pub pairs: usize,
    /// How many of them a proxy has probed within the last 10 s.
    pub measured: usize,
    /// How many paths are broken.
    pub broken: usize,
    /// How many others lose packets.
    pub lossy: usize,
    /// The nodes of whose paths not everything is known; while there are any, not all is well.
    pub troubles: Vec<TroubledNode>,
    /// The published ports and virtual addresses, by the node that checks them; none if no proxy is to
    /// check any.
    #[serde(default)]
    pub ports: Option<Vec<PortStatus>>,
    /// Each known path, by name.
    pub paths: Vec<PathStatus>,
}

impl PathList {
    /// Returns the ports that are broken.
    pub fn broken_ports(&self) -> impl Iterator<Item = &PortStatus> {
        self.ports.iter().flatten().filter(|port| port.cause.is_some())
    }
}

impl PathStatus {
    /// Returns what is wrong with it, if anything is that lasts.
    #[must_use]
    pub fn problem(&self) -> Option<PathProblem> {
        let loss = (self.state == PathState::Loss).then_some(PathProblem::Loss);
        self.cause.map(PathProblem::Broken).or(loss)
    }
}

/// The health of one path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PathStatus {
    /// The node that asks: of the proxy that probes, of the manager that asks for a stroke.
    pub from: Node,
    /// The node that answers: of a proxy, of a player.
    pub to: NodeRef,
    /// The worst that is known of it.
    pub state: PathState,
    /// Why it is broken, if it is.
    pub cause: Option<ProbeFailure>,
    /// What the probes measured, if a proxy probes it.
    pub probes: Option<ProbeStats>,
    /// What the strokes measured, if any crossed it in the last minute.
    pub strokes: Option<StrokeStats>,
}

/// The state of a path; the worst is the greatest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PathState {
    /// Nothing is wrong with it.
    Ok,
    /// No report for 10 s.
    Stale,
    /// It takes far longer than the others.
    Slow,
    /// Stroke attempts in the last minute had no valid response.
    Faults,
    /// More of its packets are lost than a healthy network loses.
    Loss,
    /// Probes get no answer.
    Broken,
}

impl PathState {
    /// Returns the state in one word, as JSON and tables have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Stale => "stale",
            Self::Slow => "slow",
            Self::Faults => "faults",
            Self::Loss => "loss",
            Self::Broken => "broken",
        }
    }
}

/// What is wrong with a path: why it is broken, or `loss`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PathProblem {
    /// Probes get no answer.
    Broken(ProbeFailure),
    /// More of its packets are lost than a healthy network loses.
    Loss,
}

impl PathProblem {
    /// Returns the problem in one word, as JSON and tables have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Broken(cause) => cause.name(),
            Self::Loss => PathState::Loss.name(),
        }
    }
}

impl fmt::Display for PathProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for PathProblem {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let broken = ProbeFailure::ALL.map(Self::Broken);
        broken.into_iter().chain([Self::Loss]).find(|one| one.name() == text).ok_or(InvalidName)
    }
}

serialized_as_text!(PathProblem);

/// What the probes of a path measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProbeStats {
    /// The median round trip of the latest probes, in milliseconds.
    pub median: Option<f64>,
    /// The 99th percentile of their round trips, in milliseconds.
    pub p99: Option<f64>,
    /// How many probes `lost` is counted of: the latest, at most 32.
    pub sent: u32,
    /// How many of them got no valid answer.
    pub lost: u32,
    /// How many percent of the datagrams from the one node to the other are lost, if that is measured.
    pub loss: Option<f64>,
    /// Their interarrival jitter, in milliseconds.
    pub jitter: Option<f64>,
}

impl From<&PathMeasurement> for ProbeStats {
    fn from(path: &PathMeasurement) -> Self {
        Self {
            median: path.median.map(milliseconds),
            p99: path.p99.map(milliseconds),
            sent: path.sent,
            lost: path.lost,
            loss: path.loss.map(|loss| f64::from(loss.hundredths) / 100.0),
            jitter: path.loss.map(|loss| milliseconds(loss.jitter)),
        }
    }
}

/// What the strokes along a path measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StrokeStats {
    /// How many strokes the times are of, at most 128; a sample.
    pub samples: usize,
    /// Their median time, in milliseconds.
    pub median: Option<f64>,
    /// The 99th percentile of their times, in milliseconds.
    pub p99: Option<f64>,
    /// Stroke attempts in the last minute with no valid response, all of them.
    pub faults: u64,
}

/// Converts microseconds to milliseconds.
#[must_use]
pub fn milliseconds(micros: u32) -> f64 {
    f64::from(micros) / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_has_the_same_name_in_json_and_tables_and_the_worst_is_the_greatest() {
        let states = [
            PathState::Ok,
            PathState::Stale,
            PathState::Slow,
            PathState::Faults,
            PathState::Loss,
            PathState::Broken,
        ];
        assert!(states.is_sorted());
        for state in states {
            assert_eq!(serde_json::to_value(state).expect("plain"), state.name());
        }
    }

    #[test]
    fn a_problem_is_read_as_it_is_written() {
        for problem in
            ProbeFailure::ALL.map(PathProblem::Broken).into_iter().chain([PathProblem::Loss])
        {
            let json = serde_json::to_string(&problem).expect("plain");
            assert_eq!(json, format!("\"{problem}\""));
            assert_eq!(serde_json::from_str::<PathProblem>(&json).expect("a problem"), problem);
        }
        assert!(serde_json::from_str::<PathProblem>("\"well\"").is_err());
    }
}
