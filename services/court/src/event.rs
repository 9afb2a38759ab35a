//! What the feed carries, and what answers in JSON are made of.
//!
//! A feed has four kinds of event. `score` and `players` are always exact. `stroke` and `rally` come
//! for featured rallies only: a few a second, each of them whole.

use std::borrow::Cow;
use std::net::SocketAddr;

use rally::{MAX_ROUNDS, Outcome, Score, Side};
use serde::{Deserialize, Serialize};

use crate::sse::Message;
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

/// Tells what players have played for one manager: the event `players`.
///
/// A feed begins with all of them, in as many events as it takes, before its first `score`; then it
/// tells of those whose counters have changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Players {
    /// The manager that counts.
    pub manager: Task,
    /// At most [`Players::MOST`] of its players.
    pub players: Vec<Met>,
}

impl Players {
    /// The most players one event tells of, to keep within what a feed's event may have.
    pub const MOST: usize = 64;
}

/// Tells what one player has played for a manager since they met.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Met {
    /// Where it is.
    pub address: SocketAddr,
    /// The side it plays.
    pub side: Side,
    /// Who it is; one that never answered is named by its address.
    #[serde(flatten)]
    pub player: Task,
    /// How many strokes it has answered.
    pub strokes: u64,
    /// How many attempts at a stroke got no lawful answer from it.
    pub faults: u64,
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

/// Tells one event of a feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A manager's counters.
    Score(Counted),
    /// What its players have played.
    Players(Players),
    /// A stroke of a featured rally.
    Stroke(Stroke),
    /// The end of a featured rally.
    Ended(Ended),
}

/// Says why something in a feed is no event of ours.
#[derive(Debug, thiserror::Error)]
pub enum Unlawful {
    /// Its name is not known, as when a newer manager tells more.
    #[error("an event of an unknown kind")]
    Kind,
    /// Its data is not what the name stands for.
    #[error("unreadable data: {0}")]
    Data(#[from] serde_json::Error),
    /// A field has a value that no manager gives it.
    #[error("a value out of range in '{0}'")]
    Value(&'static str),
}

/// Reads what came from the network, and takes nothing that a manager would not say: names and ids
/// are harmless wherever they are shown, and numbers are within the rules of the game.
impl TryFrom<&Message> for Event {
    type Error = Unlawful;

    fn try_from(Message { event, data }: &Message) -> Result<Self, Unlawful> {
        let lawful = |id: &str, field| match id.parse::<Name>() {
            Ok(_) => Ok(()),
            Err(_) => Err(Unlawful::Value(field)),
        };
        let most = 2 * MAX_ROUNDS;
        match event.as_str() {
            "score" => {
                let counted: Counted = serde_json::from_str(data)?;
                lawful(&counted.incarnation, "incarnation")?;
                Ok(Self::Score(counted))
            }
            "players" => {
                let players: Players = serde_json::from_str(data)?;
                let in_range = players.players.len() <= Players::MOST;
                if in_range { Ok(Self::Players(players)) } else { Err(Unlawful::Value("players")) }
            }
            "stroke" => {
                let stroke: Stroke = serde_json::from_str(data)?;
                lawful(&stroke.rally, "rally")?;
                let in_range = (1..=most).contains(&stroke.n);
                if in_range { Ok(Self::Stroke(stroke)) } else { Err(Unlawful::Value("n")) }
            }
            "rally" => {
                let ended: Ended = serde_json::from_str(data)?;
                lawful(&ended.rally, "rally")?;
                lawful(&ended.verdict, "verdict")?;
                let in_range = ended.strokes <= most;
                if in_range { Ok(Self::Ended(ended)) } else { Err(Unlawful::Value("strokes")) }
            }
            _ => Err(Unlawful::Kind),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STROKE: &str = r#"{"rally":"5eed-1","n":1,"side":"ping","outcome":"HIT",
        "task":"ping.2","node":"pi3","micros":412,
        "manager":{"task":"manager.1","node":"pi1"},"proxy":"pi2"}"#;

    fn read(event: &str, data: &str) -> Result<Event, String> {
        let message = Message { event: event.to_owned(), data: data.to_owned() };
        Event::try_from(&message).map_err(|unlawful| unlawful.to_string())
    }

    #[test]
    fn what_a_manager_publishes_is_read_again() {
        let Ok(Event::Stroke(stroke)) = read("stroke", STROKE) else { panic!("a stroke") };
        assert_eq!(stroke.player.to_string(), "ping.2@pi3");
        let written = serde_json::to_string(&stroke).expect("plain");
        assert_eq!(read("stroke", &written), Ok(Event::Stroke(stroke)));
    }

    #[test]
    fn what_no_manager_says_is_unlawful() {
        for (event, data, reason) in [
            ("weather", STROKE.to_owned(), "an event of an unknown kind"),
            ("stroke", STROKE.replace("5eed-1", "<b>"), "a value out of range in 'rally'"),
            ("stroke", STROKE.replace(r#""n":1"#, r#""n":199"#), "a value out of range in 'n'"),
            ("stroke", STROKE.replace("pi3", "p i"), "unreadable data: a name has 1 to 63"),
            ("stroke", "{".to_owned(), "unreadable data: EOF"),
        ] {
            let refusal = read(event, &data).expect_err("unlawful");
            assert!(refusal.starts_with(reason), "{refusal}");
        }
    }
}
