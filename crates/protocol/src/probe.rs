//! What proxies tell each other and scoreboards about the paths they probe.
//!
//! A proxy's measurements are its [`ProbeReport`]. It goes with every answer to a probe, which must
//! fit into one packet, so it is compact.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::id::InstanceId;
use crate::node::{Node, NodeRef};
use crate::port::PortMeasurement;
use crate::task::Task;

pub use crate::probe_failure::ProbeFailure;

/// What one proxy has measured of its path to one node; in JSON a list of seven, to be compact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Compact", into = "Compact")]
pub struct PathMeasurement {
    /// The node that is probed.
    pub to: NodeRef,
    /// Why the path is broken, if it is.
    pub cause: Option<ProbeFailure>,
    /// The median round trip of the latest probes, in microseconds.
    pub median: Option<u32>,
    /// The 99th percentile of their round trips, in microseconds.
    pub p99: Option<u32>,
    /// How many probes `lost` is counted of: the latest, at most 32.
    pub sent: u32,
    /// How many of them got no valid answer.
    pub lost: u32,
    /// What is lost of its datagrams, if that is measured.
    pub loss: Option<PathLoss>,
}

/// What is lost on a path, one way; in JSON a list of three.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(u16, u32, u8)", into = "(u16, u32, u8)")]
pub struct PathLoss {
    /// How many of ten thousand datagrams are lost.
    pub hundredths: u16,
    /// Their interarrival jitter in microseconds (RFC 3550, section 6.4.1).
    pub jitter: u32,
    /// Whether that is more than a healthy network loses, and no chance.
    pub is_lossy: bool,
}

impl From<(u16, u32, u8)> for PathLoss {
    fn from((hundredths, jitter, is_lossy): (u16, u32, u8)) -> Self {
        Self { hundredths: hundredths.min(10_000), jitter, is_lossy: is_lossy != 0 }
    }
}

impl From<PathLoss> for (u16, u32, u8) {
    fn from(loss: PathLoss) -> Self {
        (loss.hundredths, loss.jitter, loss.is_lossy.into())
    }
}

impl PathMeasurement {
    /// Returns whether its probes get answers, small ones at least.
    #[must_use]
    pub const fn is_answered(&self) -> bool {
        self.sent > 0
            && matches!(self.cause, None | Some(ProbeFailure::NoDns | ProbeFailure::LargePackets))
    }
}

type Compact =
    (NodeRef, Option<ProbeFailure>, Option<u32>, Option<u32>, u32, u32, Option<PathLoss>);

impl From<Compact> for PathMeasurement {
    fn from((to, cause, median, p99, sent, lost, loss): Compact) -> Self {
        Self { to, cause, median, p99, sent, lost, loss }
    }
}

impl From<PathMeasurement> for Compact {
    fn from(path: PathMeasurement) -> Self {
        (path.to, path.cause, path.median, path.p99, path.sent, path.lost, path.loss)
    }
}

/// What one proxy has measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeReport {
    /// The proxy that has measured.
    pub proxy: Task,
    /// Where its node has no id, that of its process: it tells it from another proxy whose node has the
    /// same name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instance: Option<InstanceId>,
    /// The address of its admin port, once it knows.
    pub admin: Option<SocketAddr>,
    /// What datagrams to its UDP port must bear, if it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub udp: Option<u64>,
    /// Its paths to the nodes it probes, the broken ones first.
    pub paths: Vec<PathMeasurement>,
    /// The nodes whose proxies have told it within the last minute that they stop.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<Node>,
    /// What it has found out about published ports and virtual addresses, if it is to check any; not in
    /// answers to probes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ports: Option<Vec<PortMeasurement>>,
}

/// A report and its age.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgedReport {
    /// How long ago it was made, in milliseconds.
    pub age_ms: u64,
    /// The report.
    pub report: ProbeReport,
}

/// A proxy's own report and those it has received from others, as `/probes` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProbeReports {
    /// The reports, its own first.
    pub reports: Vec<AgedReport>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_paths_with_ordinary_names_fit_into_one_packet() {
        let path = |n: u32| PathMeasurement {
            to: format!("raspberrypi-{n:02}").parse().expect("a name"),
            cause: (n < 2).then_some(ProbeFailure::LargePackets),
            median: Some(1_234),
            p99: Some(12_345),
            sent: 32,
            lost: 12,
            loss: Some(PathLoss { hundredths: 1234, jitter: 1234, is_lossy: n < 2 }),
        };
        let proxy = "proxy.raspberrypi-01@raspberrypi-01".parse().expect("a task");
        let admin = Some(([10, 0, 9, 104], 3001).into());
        let instance = Some(InstanceId::new(0x5eed));
        let udp = Some(u64::MAX);
        let (paths, left) = ((0..16).map(path).collect(), Vec::new());
        let report = ProbeReport { proxy, instance, admin, udp, paths, left, ports: None };
        let text = serde_json::to_string(&report).expect("plain");
        assert!(text.len() <= 1100, "{}: {text}", text.len());
        assert!(
            text.contains(r#"["raspberrypi-01","large_packets",1234,12345,32,12,[1234,1234,1]]"#),
            "{text}"
        );
        assert_eq!(serde_json::from_str::<ProbeReport>(&text).expect("a report"), report);
    }

    #[test]
    fn a_name_that_could_do_harm_makes_no_report() {
        for name in ["\\u001b[2J", "a b", "<b>", ""] {
            let text = format!(
                r#"{{"proxy":{{"task":"proxy.1","node":"pi1"}},"instance":"5eed","admin":null,
                "paths":[["{name}",null,1,1,1,0,null]]}}"#
            );
            assert!(serde_json::from_str::<ProbeReport>(&text).is_err(), "{name}");
        }
    }
}
