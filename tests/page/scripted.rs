//! A page that shows a cluster which the test describes, instead of what a scoreboard publishes.

use protocol::snapshot::Snapshot;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::support::process::Process;

/// What is wrong with a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrong {
    Nothing,
    /// Three paths are broken, a player was killed, a node was drained, and a clock is off.
    Paths,
    /// The last node is lost, and all paths to it are broken.
    LostNode,
    /// There are no players.
    NoPlayers,
}

/// When everything was wrong since, in milliseconds since 1970.
const SINCE: u64 = 1_764_170_000_000;

fn tasks(names: &[String], wrong: Wrong) -> Value {
    let mut tasks = Vec::new();
    for (n, node) in (1..).zip(names) {
        let mut services = vec!["proxy", "light"];
        if wrong != Wrong::NoPlayers {
            services.extend(["ping", "pong"]);
        }
        if n <= 2 {
            services.extend(["manager", "scoreboard"]);
        }
        for service in services {
            let slot =
                if ["proxy", "light"].contains(&service) { node.clone() } else { n.to_string() };
            tasks.push(
                json!({ "service": service, "task": format!("{service}.{slot}"), "node": node,
                "version": "0.1.0", "release": if n == 1 { "2" } else { "1" }, "os": "linux",
                "arch": if n % 2 == 0 { "armv6" } else { "aarch64" }, "started": 1,
                "state": if n == 2 { "new" } else { "running" } }),
            );
        }
    }
    let numbered = (1..).map(|n: usize| n.to_string()).zip(tasks);
    Value::Object(numbered.collect())
}

fn cells(names: &[String], wrong: Wrong) -> Value {
    let (first, second, last) = (&names[0], &names[1], names.last().expect("nodes"));
    let broken = |cause| json!({ "state": "broken", "cause": cause, "since": SINCE });
    let cell = |from: &String, to: &String| match wrong {
        Wrong::Paths if (from, to) == (first, second) => broken("large_packets"),
        Wrong::Paths if (from, to) == (second, last) => broken("timeout"),
        Wrong::Paths if (from, to) == (last, first) => broken("no_dns"),
        Wrong::Paths if (from, to) == (last, second) => json!({ "state": "faults", "faults": 3 }),
        Wrong::LostNode if to == last => broken("timeout"),
        _ => json!({ "state": "ok", "median": 0.3 }),
    };
    let pairs = names.iter().flat_map(|from| names.iter().map(move |to| (from, to)));
    let pairs = pairs.filter(|(from, to)| from != to);
    Value::Object(pairs.map(|(from, to)| (format!("{from} {to}"), cell(from, to))).collect())
}

/// Returns what a scoreboard publishes of a cluster of so many nodes.
pub(crate) fn snapshot(nodes: usize, wrong: Wrong) -> Snapshot {
    let names: Vec<_> = (1..=nodes).map(|n| format!("pi{n}")).collect();
    let here = if wrong == Wrong::LostNode { &names[..nodes - 1] } else { &names };
    let tasks = tasks(here, wrong);
    let players = tasks.as_object().expect("tasks").values().filter_map(|task| {
        let service =
            task["service"].as_str().filter(|service| ["ping", "pong"].contains(service))?;
        let (name, node) = (task["task"].as_str()?, task["node"].as_str()?);
        let share = json!({ "side": service, "task": name, "node": node, "strokes": 100 });
        Some((format!("{name}@{node}"), share))
    });
    let shares = json!({ "seconds": 10, "players": players.collect::<serde_json::Map<_, _>>() });
    let away = |node: &String, is_lost| json!([{ "node": node, "at": SINCE, "is_lost": is_lost }]);
    let score = json!({ "ping": 1234, "pong": 1198, "draws": 1, "lets": 2, "abandoned": 0,
        "ping_hits": 8000, "ping_misses": 1198, "pong_hits": 7000, "pong_misses": 1234, "faults": 3,
        "longest": 42, "rallies": 2435, "strokes": 17432, "rallies_per_second": 3.3,
        "strokes_per_second": 20.0, "instances": 2 });
    let clock = json!([{ "node": "pi2", "trouble": "clock_off", "addresses": [], "seconds": -7 }]);
    let timeline = json!([
        { "at": SINCE, "kind": "moved", "service": "ping", "task": "ping.2", "node": "pi2",
            "release": "2", "started": 1, "from": "pi3" },
        { "at": SINCE - 9000, "end": SINCE - 1000, "kind": "path", "from": "pi1", "to": "pi3",
            "cause": "timeout" },
        { "at": SINCE - 10_000, "kind": "lost", "node": "pi3" },
    ]);
    let whole = json!({
        "format": protocol::snapshot::FORMAT,
        "version": "0.1.0",
        "release": "1",
        "beat_ms": 150,
        "scoreboard": { "task": "scoreboard.1", "node": "pi1" },
        "score": score,
        "missing": if wrong == Wrong::NoPlayers { json!(["ping", "pong"]) } else { json!([]) },
        "tasks": tasks,
        "shares": shares,
        "paths": { "nodes": nodes, "from": names, "to": names, "cells": cells(&names, wrong) },
        "troubles": if wrong == Wrong::Paths { clock } else { json!([]) },
        "away": match wrong {
            Wrong::LostNode => away(names.last().expect("nodes"), true),
            Wrong::Paths => away(&"pi99".to_owned(), false),
            _ => json!([]),
        },
        "timeline": timeline,
    });
    serde_json::from_value(whole).expect("a snapshot")
}

/// A browser, and who serves its page.
pub(crate) struct ScriptedPage {
    pub(crate) browser: Browser,
    scoreboard: Process,
}

impl ScriptedPage {
    /// Starts both.
    pub(crate) async fn start() -> Self {
        let scoreboard = Process::scoreboard("127.0.0.1:1");
        Self { browser: Browser::start().await, scoreboard }
    }

    /// Shows a cluster, at an address that ends so.
    pub(crate) async fn show(&self, snapshot: &Snapshot, query: &str) {
        let data = serde_json::to_string(snapshot).expect("plain");
        let script = format!(
            "window.EventSource = class extends EventTarget {{ constructor() {{ super(); setTimeout(() => \
             this.dispatchEvent(new MessageEvent('snapshot', {{ data: {data:?} }}))); }} close() {{}} }}"
        );
        self.browser.run_first(&script).await;
        self.browser.go(&format!("http://{}/{query}", self.scoreboard.listen)).await;
    }
}
