//! The events of a manager's feed, which are also the parts of a rally in JSON.
//!
//! A feed has four kinds of event. `score` and `players` are always exact. `stroke` and `rally` come
//! for sampled rallies only: a few a second, each of them in full. A subscriber that counts nothing
//! asks for these alone.

use std::net::SocketAddr;

use game::{MAX_ROUNDS, Outcome, Score, Side, Verdict};
use serde::{Deserialize, Serialize};

use crate::id::{InstanceId, RallyId};
use crate::name::Name;
use crate::node::Node;
use crate::task::Task;

/// Maximum number of strokes of a rally.
pub const MAX_STROKES: u16 = 2 * MAX_ROUNDS;

/// An event of a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A manager's counters.
    Score(ManagerScore),
    /// The counters of its players.
    Players(PlayerUpdate),
    /// A stroke of a sampled rally.
    Stroke(Stroke),
    /// The end of a sampled rally.
    Rally(RallyResult),
}

/// A manager's counters: the event `score`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManagerScore {
    /// The manager that counts.
    pub manager: Task,
    /// The id of its process, with which its counters begin at zero.
    pub instance: InstanceId,
    /// Its counters since it started.
    pub score: Score,
}

/// What players have played for one manager: the event `players`.
///
/// A feed begins with all of them, in as many events as it takes, before its first `score`; then it
/// has those whose counters have changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlayerUpdate {
    /// The manager that counts.
    pub manager: Task,
    /// At most [`PlayerUpdate::MAX_PLAYERS`] of its players.
    pub players: Vec<PlayerCounters>,
}

impl PlayerUpdate {
    /// Maximum number of players in one event, so that it stays below the limit for events.
    pub const MAX_PLAYERS: usize = 64;
}

/// The counters of one player, since the manager first asked it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlayerCounters {
    /// Its address.
    pub address: SocketAddr,
    /// The side it plays for.
    pub side: Side,
    /// The player; one that never answered is named by its address.
    #[serde(flatten)]
    pub player: Task,
    /// Strokes it has answered.
    pub strokes: u64,
    /// Stroke attempts to which it gave no valid response.
    pub faults: u64,
}

/// A stroke: the event `stroke`, and a line of a rally as NDJSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stroke {
    /// The rally it belongs to.
    pub rally: RallyId,
    /// Its place in the rally, from 1.
    pub n: u16,
    /// The side that played it.
    pub side: Side,
    /// Its outcome.
    pub outcome: Outcome,
    /// The player that played it, and that player's node.
    #[serde(flatten)]
    pub player: Task,
    /// What the player's build is called, if it said so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub release: Option<Name>,
    /// The architecture it was built for, if it said so.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub arch: Option<Name>,
    /// How long the player took to answer, in microseconds.
    pub micros: u64,
    /// The manager that asked for it.
    pub manager: Task,
    /// The node whose proxy carries the rally, if one does.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub proxy: Option<Node>,
}

/// How a rally ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "lowercase")]
pub enum RallyEnd {
    /// Ping won.
    Ping,
    /// Pong won.
    Pong,
    /// Every round was played without a miss.
    Draw,
    /// No player of a side answered.
    Let {
        /// The side of which none answered.
        missing: Side,
    },
    /// The client went away before the end.
    Abandoned,
}

impl RallyEnd {
    /// Returns the end in one word, as JSON and logs have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ping => "ping",
            Self::Pong => "pong",
            Self::Draw => "draw",
            Self::Let { .. } => "let",
            Self::Abandoned => "abandoned",
        }
    }

    /// Returns the side whose players did not answer, for a let.
    #[must_use]
    pub const fn missing(self) -> Option<Side> {
        match self {
            Self::Let { missing } => Some(missing),
            _ => None,
        }
    }
}

/// A rally without a verdict was abandoned.
impl From<Option<Verdict>> for RallyEnd {
    fn from(verdict: Option<Verdict>) -> Self {
        match verdict {
            Some(Verdict::Winner(Side::Ping)) => Self::Ping,
            Some(Verdict::Winner(Side::Pong)) => Self::Pong,
            Some(Verdict::Draw) => Self::Draw,
            Some(Verdict::Let(missing)) => Self::Let { missing },
            None => Self::Abandoned,
        }
    }
}

/// The end of a rally: the event `rally`, and the last line of a rally as NDJSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RallyResult {
    /// The rally.
    pub rally: RallyId,
    /// How it ended.
    #[serde(flatten)]
    pub end: RallyEnd,
    /// How many strokes it had.
    pub strokes: u16,
    /// Stroke attempts with no valid response.
    pub faults: u32,
    /// How long it took, in microseconds.
    pub micros: u64,
    /// The manager that played it.
    pub manager: Task,
    /// The node whose proxy carried it, if one did.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub proxy: Option<Node>,
}

/// The error returned when a feed carries an event that no manager sends.
#[derive(Debug, thiserror::Error)]
pub enum InvalidEvent {
    /// Its data is not what its kind stands for.
    #[error("invalid data: {0}")]
    Data(#[from] serde_json::Error),
    /// A field is out of range.
    #[error("field '{0}' out of range")]
    Value(&'static str),
}

impl Event {
    /// Parses an event by its kind; `None` for a kind that this version does not know.
    ///
    /// # Errors
    ///
    /// [`InvalidEvent`], when the data is not what a manager sends.
    pub fn parse(kind: &str, data: &str) -> Result<Option<Self>, InvalidEvent> {
        let check = |field, in_range: bool| {
            if in_range { Ok(()) } else { Err(InvalidEvent::Value(field)) }
        };
        Ok(Some(match kind {
            "score" => Self::Score(serde_json::from_str(data)?),
            "players" => {
                let update: PlayerUpdate = serde_json::from_str(data)?;
                check("players", update.players.len() <= PlayerUpdate::MAX_PLAYERS)?;
                Self::Players(update)
            }
            "stroke" => {
                let stroke: Stroke = serde_json::from_str(data)?;
                check("n", (1..=MAX_STROKES).contains(&stroke.n))?;
                Self::Stroke(stroke)
            }
            "rally" => {
                let result: RallyResult = serde_json::from_str(data)?;
                check("strokes", result.strokes <= MAX_STROKES)?;
                Self::Rally(result)
            }
            _ => return Ok(None),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STROKE: &str = r#"{"rally":"5eed-1","n":1,"side":"ping","outcome":"HIT",
        "task":"ping.2","node":"pi3","micros":412,
        "manager":{"task":"manager.1","node":"pi1"},"proxy":"pi2"}"#;

    fn parse(kind: &str, data: &str) -> Result<Option<Event>, String> {
        Event::parse(kind, data).map_err(|invalid| invalid.to_string())
    }

    #[test]
    fn an_event_is_read_as_it_is_written() {
        let Ok(Some(Event::Stroke(stroke))) = parse("stroke", STROKE) else { panic!("a stroke") };
        assert_eq!(stroke.player.to_string(), "ping.2@pi3");
        let written = serde_json::to_string(&stroke).expect("plain");
        assert_eq!(parse("stroke", &written), Ok(Some(Event::Stroke(stroke))));
    }

    #[test]
    fn a_let_names_the_missing_side() {
        let end = RallyEnd::from(Some(Verdict::Let(Side::Pong)));
        let json = serde_json::to_string(&end).expect("plain");
        assert_eq!(json, r#"{"verdict":"let","missing":"pong"}"#);
        assert_eq!(serde_json::from_str::<RallyEnd>(&json).expect("an end"), end);
    }

    #[test]
    fn every_end_has_the_same_name_in_json_and_logs() {
        let verdicts = [
            Some(Verdict::Winner(Side::Ping)),
            Some(Verdict::Winner(Side::Pong)),
            Some(Verdict::Draw),
            Some(Verdict::Let(Side::Ping)),
            None,
        ];
        for end in verdicts.map(RallyEnd::from) {
            assert_eq!(serde_json::to_value(end).expect("plain")["verdict"], end.name());
        }
    }

    #[test]
    fn an_unknown_kind_of_event_is_skipped() {
        assert_eq!(parse("weather", STROKE), Ok(None));
    }

    #[test]
    fn invalid_events_are_rejected_with_the_reason() {
        for (kind, data, reason) in [
            ("stroke", STROKE.replace("5eed-1", "<b>"), "invalid data: a name has 1 to 63"),
            ("stroke", STROKE.replace(r#""n":1"#, r#""n":199"#), "field 'n' out of range"),
            ("stroke", STROKE.replace("pi3", "p i"), "invalid data: a name has 1 to 63"),
            ("stroke", "{".to_owned(), "invalid data: EOF"),
        ] {
            let refusal = parse(kind, &data).expect_err("invalid");
            assert!(refusal.starts_with(reason), "{refusal}");
        }
    }
}
