//! What the feed carries, and what answers in JSON are made of.
//!
//! A feed has three kinds of event. `score` is always exact. `stroke` and `rally` come for featured
//! rallies only: a few a second, each of them whole.

use std::borrow::Cow;

use rally::{Outcome, Score, Side};
use serde::{Deserialize, Serialize};

use crate::task::{Name, Task};

/// Tells one manager's counters: the event `score`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counted {
    /// The manager that counts.
    pub manager: Task,
    /// Its life: a random number drawn at its start, so that counters that begin again at nought
    /// are not taken for the old ones.
    pub incarnation: Cow<'static, str>,
    /// Its counters since it started.
    pub score: Score,
}

/// Tells one stroke: the event `stroke`, and a line of an NDJSON answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stroke {
    /// The rally it belongs to.
    pub rally: String,
    /// Its place in the rally, from 1.
    pub n: u16,
    /// The side that played it.
    pub side: Side,
    /// What it came to.
    pub outcome: Outcome,
    /// The player that played it, and that player's node.
    #[serde(flatten)]
    pub player: Task,
    /// What the player's build is called, if it said so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub release: Option<Name>,
    /// How long the player's answer took, in microseconds.
    pub micros: u64,
    /// The manager that asked for it.
    pub manager: Task,
    /// The node whose proxy carries the rally, if one does.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub proxy: Option<Name>,
}

/// Tells how a rally ended: the event `rally`, and the last line of an NDJSON answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    /// The rally.
    pub rally: String,
    /// `ping` or `pong` won, `draw`, `let`, or `abandoned` by its client.
    pub verdict: Cow<'static, str>,
    /// How many strokes it had.
    pub strokes: u16,
    /// How many attempts at a stroke got no lawful answer.
    pub faults: u32,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// The manager that played it.
    pub manager: Task,
    /// The node whose proxy carried it, if one did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub proxy: Option<Name>,
}
