//! How a rally is told: text for people, JSON and NDJSON for programs.

use std::net::SocketAddr;

use court::event::Stroke;
use court::fault::Fault;
use rally::Verdict;
use serde::Serialize;

use crate::play::Step;
use crate::wish::Format;

/// Renders a rally step by step.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Teller {
    pub(crate) format: Format,
    pub(crate) who: bool,
}

impl Teller {
    /// Returns the media type.
    pub(crate) const fn content_type(self) -> &'static str {
        match self.format {
            Format::Text => "text/plain; charset=utf-8",
            Format::Json => "application/json",
            Format::NdJson => "application/x-ndjson",
        }
    }

    /// Renders one step; all of a rally's steps in a row are the whole answer.
    pub(crate) fn tell(self, step: &Step) -> String {
        match (self.format, step) {
            (Format::Text, Step::Stroke(stroke)) => self.stroke_line(stroke),
            (Format::Text, Step::Over(verdict, _)) => format!("{verdict}\n"),
            (Format::NdJson, Step::Stroke(stroke)) => json(stroke) + "\n",
            (Format::NdJson, Step::Over(_, ended)) => json(ended) + "\n",
            (Format::Json, Step::Stroke(stroke)) => {
                let before = if stroke.n == 1 { "{\"played\":[\n" } else { ",\n" };
                before.to_owned() + &json(stroke)
            }
            (Format::Json, Step::Over(_, ended)) => {
                let before = if ended.strokes == 0 { "{\"played\":[" } else { "" };
                // The end's own fields follow in the same object.
                format!("{before}\n],{}\n", &json(ended)[1..])
            }
        }
    }

    fn stroke_line(self, stroke: &Stroke) -> String {
        let Stroke { side, outcome, player, .. } = stroke;
        if !self.who {
            return format!("{side} --> {outcome}\n");
        }
        let whole = stroke.micros / 1000;
        let hundredths = stroke.micros % 1000 / 10;
        format!("{side} --> {outcome:<4}  {player}  {whole}.{hundredths:02} ms\n")
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("events are plain structures")
}

/// Says why a rally could not begin: which side is missing, who was asked, and what came back.
pub(crate) fn nobody(verdict: Verdict, failed: &[(SocketAddr, Fault)]) -> String {
    let asked: Vec<String> =
        failed.iter().take(5).map(|(address, fault)| format!("{address}: {fault}")).collect();
    let asked = match failed.len() {
        0 => "discovery knows no address within reach".to_owned(),
        n @ 1..=5 => format!("asked {n}: {}", asked.join(", ")),
        n => format!("asked {n}: {}, …", asked.join(", ")),
    };
    format!("{verdict} ({asked}); try again in a second\n")
}

#[cfg(test)]
mod tests {
    use court::event::Ended;
    use rally::{Outcome, Side};

    use super::*;

    fn steps() -> Vec<Step> {
        let manager: court::task::Task = "manager.1@pi1".parse().expect("a task");
        let stroke = |n, side, outcome, player: &str, micros| {
            Step::Stroke(Stroke {
                rally: "5eed-1".into(),
                n,
                side,
                outcome,
                player: player.parse().expect("a task"),
                release: None,
                micros,
                manager: manager.clone(),
                proxy: "pi2".parse().ok(),
            })
        };
        vec![
            stroke(1, Side::Ping, Outcome::Hit, "ping.2@pi3", 412),
            stroke(2, Side::Pong, Outcome::Hit, "pong.1@pi1", 1_009),
            stroke(3, Side::Ping, Outcome::Miss, "ping.1@pi2", 96),
            Step::Over(
                Verdict::Winner(Side::Pong),
                Ended {
                    rally: "5eed-1".into(),
                    verdict: "pong".into(),
                    strokes: 3,
                    faults: 0,
                    micros: 1_600,
                    manager: manager.clone(),
                    proxy: None,
                },
            ),
        ]
    }

    fn told(format: Format, who: bool) -> String {
        let teller = Teller { format, who };
        steps().iter().map(|step| teller.tell(step)).collect()
    }

    #[test]
    fn text_is_the_game_as_it_always_was() {
        insta::assert_snapshot!(told(Format::Text, false), @r"
        PING --> HIT
        PONG --> HIT
        PING --> MISS
        The winner is PONG
        ");
    }

    #[test]
    fn who_adds_task_node_and_time_to_each_stroke() {
        insta::assert_snapshot!(told(Format::Text, true), @r"
        PING --> HIT   ping.2@pi3  0.41 ms
        PONG --> HIT   pong.1@pi1  1.00 ms
        PING --> MISS  ping.1@pi2  0.09 ms
        The winner is PONG
        ");
    }

    #[test]
    fn ndjson_is_a_line_a_stroke_and_one_for_the_end() {
        insta::assert_snapshot!(told(Format::NdJson, false), @r#"
        {"rally":"5eed-1","n":1,"side":"ping","outcome":"HIT","task":"ping.2","node":"pi3","micros":412,"manager":{"task":"manager.1","node":"pi1"},"proxy":"pi2"}
        {"rally":"5eed-1","n":2,"side":"pong","outcome":"HIT","task":"pong.1","node":"pi1","micros":1009,"manager":{"task":"manager.1","node":"pi1"},"proxy":"pi2"}
        {"rally":"5eed-1","n":3,"side":"ping","outcome":"MISS","task":"ping.1","node":"pi2","micros":96,"manager":{"task":"manager.1","node":"pi1"},"proxy":"pi2"}
        {"rally":"5eed-1","verdict":"pong","strokes":3,"faults":0,"micros":1600,"manager":{"task":"manager.1","node":"pi1"}}
        "#);
    }

    #[test]
    fn a_rally_that_cannot_begin_says_who_was_asked_and_what_came_back() {
        let refused = (([10, 0, 9, 4], 3000).into(), Fault::Refused);
        let side = Verdict::Let(Side::Ping);
        insta::assert_snapshot!(nobody(side, &[refused]), @"LET: no PING player answered (asked 1: 10.0.9.4:3000: connection refused); try again in a second");
        insta::assert_snapshot!(nobody(side, &[refused; 6]), @"LET: no PING player answered (asked 6: 10.0.9.4:3000: connection refused, 10.0.9.4:3000: connection refused, 10.0.9.4:3000: connection refused, 10.0.9.4:3000: connection refused, 10.0.9.4:3000: connection refused, …); try again in a second");
        insta::assert_snapshot!(nobody(side, &[]), @"LET: no PING player answered (discovery knows no address within reach); try again in a second");
    }

    #[test]
    fn json_is_one_object_with_the_same_facts() {
        let whole: serde_json::Value =
            serde_json::from_str(&told(Format::Json, false)).expect("JSON");
        let lines = told(Format::NdJson, false);
        let mut lines = lines.lines().map(|line| serde_json::from_str(line).expect("JSON"));
        let played: Vec<serde_json::Value> = lines.by_ref().take(3).collect();
        let mut end: serde_json::Value = lines.next().expect("an end");
        end["played"] = played.into();
        assert_eq!(whole, end);
    }
}
