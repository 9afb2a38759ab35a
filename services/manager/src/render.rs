//! How a rally is written: text for people, JSON and NDJSON for programs.

use std::net::SocketAddr;

use client::fault::Fault;
use game::Side;
use protocol::event::Stroke;
use protocol::node_names::NodeNames;
use serde::Serialize;

use crate::rally_runner::RallyStep;

/// Maximum number of attempts that a refusal names.
const MAX_NAMED_ATTEMPTS: usize = 5;

/// The format of a rally.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// A line for each stroke, for people.
    Text,
    /// One object.
    Json,
    /// One object a line.
    NdJson,
}

/// A renderer of rallies, step by step.
#[derive(Clone, Debug)]
pub(crate) struct Renderer {
    /// The format.
    pub(crate) format: Format,
    /// Whether text names the players.
    pub(crate) who: bool,
    /// The nodes that may be named.
    pub(crate) names: NodeNames,
}

impl Renderer {
    /// Makes a renderer that knows no node yet.
    pub(crate) fn new(format: Format, who: bool) -> Self {
        Self { format, who, names: NodeNames::default() }
    }

    /// Returns whether it names nodes.
    pub(crate) fn names_nodes(&self) -> bool {
        self.who || self.format != Format::Text
    }

    /// Returns the media type.
    pub(crate) const fn content_type(&self) -> &'static str {
        match self.format {
            Format::Text => "text/plain; charset=utf-8",
            Format::Json => "application/json",
            Format::NdJson => "application/x-ndjson",
        }
    }

    /// Renders one step; all of a rally's steps in a row are the complete answer.
    pub(crate) fn render(&self, mut step: RallyStep) -> String {
        match &mut step {
            RallyStep::Stroke(stroke) => self.names.shorten(stroke),
            RallyStep::Finished(_, result) => self.names.shorten(result),
        }
        match (self.format, &step) {
            (Format::Text, RallyStep::Stroke(stroke)) => self.stroke_line(stroke),
            (Format::Text, RallyStep::Finished(verdict, _)) => format!("{verdict}\n"),
            (Format::NdJson, RallyStep::Stroke(stroke)) => json(stroke) + "\n",
            (Format::NdJson, RallyStep::Finished(_, result)) => json(result) + "\n",
            (Format::Json, RallyStep::Stroke(stroke)) => {
                let before = if stroke.n == 1 { "{\"played\":[\n" } else { ",\n" };
                before.to_owned() + &json(stroke)
            }
            (Format::Json, RallyStep::Finished(_, result)) => {
                let before = if result.strokes == 0 { "{\"played\":[" } else { "" };
                // The fields of the result follow in the same object.
                format!("{before}\n],{}\n", &json(result)[1..])
            }
        }
    }

    fn stroke_line(&self, stroke: &Stroke) -> String {
        let Stroke { side, outcome, player, .. } = stroke;
        if !self.who {
            return format!("{side} --> {outcome}\n");
        }
        let whole = stroke.micros / 1000;
        let hundredths = stroke.micros % 1000 / 10;
        let arch = stroke.arch.iter().map(|arch| format!(" {arch}")).collect::<String>();
        format!("{side} --> {outcome:<4}  {player}{arch}  {whole}.{hundredths:02} ms\n")
    }
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("events are plain structures")
}

/// Renders why a rally could not start: which sides are missing, which players were tried, and what
/// came back.
pub(crate) fn no_player(missing: &[Side], failed: &[(SocketAddr, Fault)]) -> String {
    let named = failed.iter().take(MAX_NAMED_ATTEMPTS);
    let mut attempts: Vec<String> =
        named.map(|(address, fault)| format!("{address}: {fault}")).collect();
    if failed.len() > MAX_NAMED_ATTEMPTS {
        attempts.push("…".to_owned());
    }
    let reason = match failed.len() {
        0 => "no reachable player".to_owned(),
        tried => format!("tried {tried}: {}", attempts.join(", ")),
    };
    let missing: Vec<String> = missing.iter().map(Side::to_string).collect();
    format!("LET: no {} player answered ({reason}); retry in 1 s\n", missing.join(" and no "))
}

#[cfg(test)]
mod tests {
    use game::{Outcome, Verdict};
    use protocol::event::{RallyEnd, RallyResult};
    use protocol::id::RallyId;
    use protocol::name::Name;
    use protocol::task::Task;

    use super::*;

    fn rally() -> RallyId {
        "5eed-1".parse::<Name>().expect("a name").into()
    }

    fn steps() -> Vec<RallyStep> {
        let manager: Task = "manager.1@pi1".parse().expect("a task");
        let stroke = |n, side, outcome, player: &str, micros| {
            RallyStep::Stroke(Stroke {
                rally: rally(),
                n,
                side,
                outcome,
                player: player.parse().expect("a task"),
                release: None,
                arch: (side == Side::Pong).then(|| "armv6".parse().expect("a name")),
                micros,
                manager: manager.clone(),
                proxy: "pi2".parse().ok(),
            })
        };
        vec![
            stroke(1, Side::Ping, Outcome::Hit, "ping.2@pi3", 412),
            stroke(2, Side::Pong, Outcome::Hit, "pong.1@pi1", 1_009),
            stroke(3, Side::Ping, Outcome::Miss, "ping.1@pi2", 96),
            RallyStep::Finished(
                Verdict::Winner(Side::Pong),
                RallyResult {
                    rally: rally(),
                    end: RallyEnd::Pong,
                    strokes: 3,
                    faults: 0,
                    micros: 1_600,
                    manager: manager.clone(),
                    proxy: None,
                },
            ),
        ]
    }

    fn rendered(format: Format, who: bool) -> String {
        let renderer = Renderer::new(format, who);
        steps().into_iter().map(|step| renderer.render(step)).collect()
    }

    #[test]
    fn text_is_the_game_as_it_always_was() {
        insta::assert_snapshot!(rendered(Format::Text, false), @r"
        PING --> HIT
        PONG --> HIT
        PING --> MISS
        The winner is PONG
        ");
    }

    #[test]
    fn who_adds_task_node_architecture_and_time_to_each_stroke() {
        insta::assert_snapshot!(rendered(Format::Text, true), @r"
        PING --> HIT   ping.2@pi3  0.41 ms
        PONG --> HIT   pong.1@pi1 armv6  1.00 ms
        PING --> MISS  ping.1@pi2  0.09 ms
        The winner is PONG
        ");
    }

    #[test]
    fn nodes_that_share_a_name_are_shown_with_as_much_of_their_ids_as_it_takes() {
        let mut renderer = Renderer::new(Format::Text, true);
        let players = ["ping.1@pi/2kq4", "pong.1@pi/2kx9"].map(str::parse::<Task>);
        let line = |task: &Task| {
            let RallyStep::Stroke(stroke) = steps().remove(0) else { panic!("a stroke") };
            RallyStep::Stroke(Stroke { player: task.clone(), ..stroke })
        };
        let [mut one, mut other] = players.map(|task| task.expect("a task"));
        renderer.names.add(&mut one);
        assert_eq!(renderer.render(line(&one)), "PING --> HIT   ping.1@pi  0.41 ms\n");
        renderer.names.add(&mut other);
        assert_eq!(renderer.render(line(&one)), "PING --> HIT   ping.1@pi/2kq  0.41 ms\n");
    }

    #[test]
    fn ndjson_is_a_line_a_stroke_and_one_for_the_end() {
        insta::assert_snapshot!(rendered(Format::NdJson, false), @r#"
        {"rally":"5eed-1","n":1,"side":"ping","outcome":"HIT","task":"ping.2","node":"pi3","micros":412,"manager":{"task":"manager.1","node":"pi1"},"proxy":"pi2"}
        {"rally":"5eed-1","n":2,"side":"pong","outcome":"HIT","task":"pong.1","node":"pi1","arch":"armv6","micros":1009,"manager":{"task":"manager.1","node":"pi1"},"proxy":"pi2"}
        {"rally":"5eed-1","n":3,"side":"ping","outcome":"MISS","task":"ping.1","node":"pi2","micros":96,"manager":{"task":"manager.1","node":"pi1"},"proxy":"pi2"}
        {"rally":"5eed-1","verdict":"pong","strokes":3,"faults":0,"micros":1600,"manager":{"task":"manager.1","node":"pi1"}}
        "#);
    }

    #[test]
    fn a_refused_rally_names_every_attempt() {
        let refused = (([10, 0, 9, 4], 3000).into(), Fault::Refused);
        insta::assert_snapshot!(no_player(&[Side::Ping], &[refused]), @"LET: no PING player answered (tried 1: 10.0.9.4:3000: connection refused); retry in 1 s");
        insta::assert_snapshot!(no_player(&[Side::Ping], &[refused; 6]), @"LET: no PING player answered (tried 6: 10.0.9.4:3000: connection refused, 10.0.9.4:3000: connection refused, 10.0.9.4:3000: connection refused, 10.0.9.4:3000: connection refused, 10.0.9.4:3000: connection refused, …); retry in 1 s");
        insta::assert_snapshot!(no_player(&[Side::Ping], &[]), @"LET: no PING player answered (no reachable player); retry in 1 s");
        insta::assert_snapshot!(no_player(&Side::BOTH, &[]), @"LET: no PING and no PONG player answered (no reachable player); retry in 1 s");
    }

    #[test]
    fn json_is_one_object_with_the_same_facts() {
        let whole: serde_json::Value =
            serde_json::from_str(&rendered(Format::Json, false)).expect("JSON");
        let lines = rendered(Format::NdJson, false);
        let mut lines = lines.lines().map(|line| serde_json::from_str(line).expect("JSON"));
        let played: Vec<serde_json::Value> = lines.by_ref().take(3).collect();
        let mut end: serde_json::Value = lines.next().expect("an end");
        end["played"] = played.into();
        assert_eq!(whole, end);
    }
}
