//! A cluster of real processes that find each other by the names that a Swarm has.

use std::collections::HashMap;

use crate::dns::Dns;
use crate::http::{Answer, get};
use crate::process::Process;

/// A DNS server, a manager that asks it for players, and a proxy that asks it for the manager.
pub(crate) struct Cluster {
    pub(crate) dns: Dns,
    pub(crate) manager: Process,
    pub(crate) proxy: Process,
}

/// Starts a service on an address of its own, on the ports that all services have.
fn on(address: &str, line: &[&str]) -> Process {
    let [listen, admin] = [3000, 3001].map(|port| format!("{address}:{port}"));
    Process::start(&[line, &["--listen", &listen, "--admin", &admin]].concat())
}

/// Starts a player such as `ping.1` on an address.
pub(crate) fn player(task: &str, address: &str) -> Process {
    let (side, _) = task.split_once('.').expect("a side");
    on(address, &["player", "--side", side, "--task", task, "--node", "pi1"])
}

impl Cluster {
    /// Starts all but the players, where no name exists but the manager's.
    pub(crate) fn start() -> Self {
        let dns = Dns::start();
        dns.list("tasks.manager", &["127.0.3.1"]);
        let manager = on("127.0.3.1", &["manager", "--stroke-timeout", "2s"]);
        let proxy = on("127.0.4.1", &["proxy"]);
        Self { dns, manager, proxy }
    }

    pub(crate) async fn ask(&self) -> Answer {
        get(self.proxy.listen, "/", &["Accept: application/x-ndjson"]).await
    }

    /// Plays one rally, which must reach its end.
    pub(crate) async fn rally(&self) -> Rally {
        let answer = self.ask().await;
        assert_eq!(answer.status, 200, "{answer:?}");
        let lines = answer.lines();
        let (end, strokes) = lines.split_last().expect("an end");
        let verdict = end["verdict"].as_str().expect("a verdict");
        assert!(["ping", "pong", "draw"].contains(&verdict), "{answer:?}");
        let task = |stroke: &serde_json::Value| stroke["task"].as_str().expect("a task").to_owned();
        let faults = end["faults"].as_u64().expect("a number");
        Rally { players: strokes.iter().map(task).collect(), faults }
    }

    /// Plays rallies and returns the strokes of each task of a side, and all faults.
    pub(crate) async fn strokes(&self, side: &str, rallies: u32) -> (HashMap<String, u32>, u64) {
        let (mut strokes, mut faults) = (HashMap::new(), 0);
        for _ in 0..rallies {
            let rally = self.rally().await;
            faults += rally.faults;
            for player in rally.players.into_iter().filter(|player| player.starts_with(side)) {
                *strokes.entry(player).or_default() += 1;
            }
        }
        (strokes, faults)
    }
}

/// Who played the strokes of a rally, and how many attempts failed.
pub(crate) struct Rally {
    pub(crate) players: Vec<String>,
    pub(crate) faults: u64,
}
