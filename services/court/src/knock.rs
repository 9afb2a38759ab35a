//! What proxies tell each other in the knock-up, the practice before the match: each knocks at the
//! others and measures its way there.
//!
//! A proxy's measurements are its [`Row`]. A row is small: it goes with every answer to a knock,
//! which must fit into one packet.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::task::{Name, Task};

/// Tells why knocks at a node get no lawful answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// Its proxy answered before, and discovery does not list it any more.
    NoDns,
    /// Nobody listens at the address.
    Refused,
    /// No route leads to the address.
    Unreachable,
    /// Nothing comes back.
    Timeout,
    /// Connections are made, and closed or reset before the answer is whole.
    Reset,
    /// Small packets arrive, packets as large as the network allows do not.
    LargePackets,
    /// What comes back is no proxy's answer.
    Answer,
}

impl Cause {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::NoDns,
        Self::Refused,
        Self::Unreachable,
        Self::Timeout,
        Self::Reset,
        Self::LargePackets,
        Self::Answer,
    ];

    /// Returns the cause in one word, as JSON and metrics have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoDns => "no_dns",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::LargePackets => "large_packets",
            Self::Answer => "answer",
        }
    }
}

/// Tells how the way to one node is; in JSON a list of six, to be small.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Six", into = "Six")]
pub struct Pair {
    /// The node knocked at; its proxy's address while it has never answered.
    pub to: Name,
    /// Why it is broken, if it is.
    pub cause: Option<Cause>,
    /// The round trip that half of the latest knocks took at most, in microseconds.
    pub median: Option<u32>,
    /// The round trip that 99 of 100 of the latest knocks took at most, in microseconds.
    pub p99: Option<u32>,
    /// How many knocks `failures` are counted of: the latest, at most 32.
    pub knocks: u32,
    /// How many of them got no lawful answer.
    pub failures: u32,
}

/// A pair as JSON has it: to, cause, median, p99, knocks, failures.
type Six = (Name, Option<Cause>, Option<u32>, Option<u32>, u32, u32);

impl From<Six> for Pair {
    fn from((to, cause, median, p99, knocks, failures): Six) -> Self {
        Self { to, cause, median, p99, knocks, failures }
    }
}

impl From<Pair> for Six {
    fn from(pair: Pair) -> Self {
        (pair.to, pair.cause, pair.median, pair.p99, pair.knocks, pair.failures)
    }
}

/// Tells what one proxy has measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Who has measured.
    pub proxy: Task,
    /// Where the others find its admin port, once it knows.
    pub at: Option<SocketAddr>,
    /// Its way to each node it knocks at, the broken ones first.
    pub pairs: Vec<Pair>,
}

/// Tells a proxy's own row and those it has heard from others, as `/knock-up` answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The rows, its own first.
    pub rows: Vec<Aged>,
}

/// A row, and how long ago it was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aged {
    /// In milliseconds.
    pub age: u64,
    /// What was told.
    pub row: Row,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_pairs_with_ordinary_names_fit_into_one_packet() {
        let pair = |n: u32| Pair {
            to: Name::from_any(&format!("raspberrypi-{n:02}")),
            cause: (n < 2).then_some(Cause::LargePackets),
            median: Some(1_234),
            p99: Some(12_345),
            knocks: 32,
            failures: 12,
        };
        let proxy = "proxy.raspberrypi-01@raspberrypi-01".parse().expect("a task");
        let at = Some(([10, 0, 9, 104], 3001).into());
        let row = Row { proxy, at, pairs: (0..16).map(pair).collect() };
        let text = serde_json::to_string(&row).expect("plain");
        assert!(text.len() <= 1000, "{}: {text}", text.len());
        assert!(text.contains(r#"["raspberrypi-01","large_packets",1234,12345,32,12]"#), "{text}");
        assert_eq!(serde_json::from_str::<Row>(&text).expect("a row"), row);
    }

    #[test]
    fn a_cause_is_called_the_same_in_json_and_metrics() {
        for cause in Cause::ALL {
            assert_eq!(serde_json::to_value(cause).expect("plain"), cause.name());
        }
    }

    #[test]
    fn a_name_that_could_do_harm_makes_no_row() {
        for name in ["\\u001b[2J", "a b", "<b>", ""] {
            let text = format!(
                r#"{{"proxy":{{"task":"proxy.1","node":"pi1"}},"at":null,
                "pairs":[["{name}",null,1,1,1,0]]}}"#
            );
            assert!(serde_json::from_str::<Row>(&text).is_err(), "{name}");
        }
    }
}
