//! What a scoreboard tells of the paths between nodes, as `/paths` answers.
//!
//! Two things cross a path: the knocks of the proxies, which measure the network alone, and the
//! strokes, which measure what the game feels of it.

use serde::{Deserialize, Serialize};

use crate::knock::Cause;
use crate::task::{Name, Task};

/// The version of what `/paths` tells; a number for each change that breaks a reader.
pub const FORMAT: u32 = 1;

/// Tells how all paths are, and how many of them are measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Paths {
    /// [`FORMAT`].
    pub format: u32,
    /// The scoreboard that answers.
    pub board: Task,
    /// How many nodes have a proxy.
    pub nodes: usize,
    /// How many ordered pairs of nodes that makes.
    pub pairs: usize,
    /// How many of them a proxy has knocked along within the last 10 s.
    pub measured: usize,
    /// How many paths are broken.
    pub broken: usize,
    /// Each path that is known of, by name.
    pub paths: Vec<Path>,
}

/// Tells how one path is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Path {
    /// The node that asks: of the proxy that knocks, of the manager that wants a stroke.
    pub from: Name,
    /// The node that answers: of a proxy, of a player.
    pub to: Name,
    /// The worst that is wrong with it, if anything.
    pub trouble: Option<Trouble>,
    /// Why it is broken, if it is.
    pub cause: Option<Cause>,
    /// What the knocks say, if a proxy knocks.
    pub knocks: Option<Knocks>,
    /// What the strokes say, if any were played along it in the last minute.
    pub strokes: Option<Strokes>,
}

/// Names what can be wrong with a path, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Trouble {
    /// Knocks get no answer.
    Broken,
    /// Attempts at a stroke in the last minute got no lawful answer.
    Faults,
    /// It takes far longer than the others.
    Slow,
    /// Nobody has told of it for 10 s.
    Unheard,
}

/// Tells what knocks along a path came to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Knocks {
    /// The round trip that half of the latest took at most, in milliseconds.
    pub median: Option<f64>,
    /// The round trip that 99 of 100 of the latest took at most, in milliseconds.
    pub p99: Option<f64>,
    /// How many `failures` are counted of: the latest, at most 32.
    pub count: u32,
    /// How many of them got no lawful answer.
    pub failures: u32,
}

/// Tells what strokes along a path came to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Strokes {
    /// How many strokes the times are of, at most 128; a sample.
    pub samples: usize,
    /// The time that half of them took at most, in milliseconds.
    pub median: Option<f64>,
    /// The time that 99 of 100 of them took at most, in milliseconds.
    pub p99: Option<f64>,
    /// Attempts at a stroke in the last minute that got no lawful answer, all of them.
    pub faults: u64,
}
