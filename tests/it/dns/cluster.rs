//! A cluster of real processes that find each other by the names that a Swarm has.

use std::collections::HashMap;

use protocol::event::{RallyEnd, RallyResult, Stroke};

use crate::cluster::formats::NDJSON;
use crate::support::dns::Dns;
use crate::support::http::{Response, get};
use crate::support::process::Process;
use crate::support::wait::until_true;

/// A DNS server, a manager that asks it for players, and a proxy that asks it for the manager.
pub(crate) struct Cluster {
    pub(crate) dns: Dns,
    pub(crate) manager: Process,
    pub(crate) proxy: Process,
}

/// Starts a service on an address of its own, on the ports that all services have.
pub(crate) fn start_on(address: &str, line: &[&str]) -> Process {
    let listen = format!("{address}:3000");
    let admin = format!("{address}:3001");
    Process::start(&[line, &["--listen", &listen, "--admin", &admin]].concat())
}

/// Starts a player such as `ping.1` on an address.
pub(crate) fn player(task: &str, address: &str) -> Process {
    let (side, _) = task.split_once('.').expect("a side");
    start_on(address, &["player", "--side", side, "--task", task, "--node", "pi1"])
}

impl Cluster {
    /// Starts all but the players, where no name exists but the manager's.
    pub(crate) fn start() -> Self {
        let dns = Dns::start();
        dns.list("tasks.manager", &["127.0.3.1"]);
        let manager = start_on("127.0.3.1", &["manager", "--stroke-timeout", "2s"]);
        let proxy = start_on("127.0.4.1", &["proxy"]);
        Self { dns, manager, proxy }
    }

    pub(crate) async fn ask(&self) -> Response {
        get(self.proxy.listen, "/", &[NDJSON]).await
    }

    /// Waits until rallies are played.
    pub(crate) async fn until_playing(&self) {
        until_true("a rally", async || self.ask().await.status == 200).await;
    }

    /// Waits until a player plays.
    pub(crate) async fn until_plays(&self, player: &str) {
        let plays = async || self.rally().await.players.iter().any(|name| name == player);
        until_true(&format!("a stroke of {player}"), plays).await;
    }

    /// Plays one rally, which must reach its end.
    pub(crate) async fn rally(&self) -> Rally {
        let response = self.ask().await;
        assert_eq!(response.status, 200, "{response:?}");
        let (result, strokes) = response.ndjson::<Stroke, RallyResult>();
        let has_verdict = matches!(result.end, RallyEnd::Ping | RallyEnd::Pong | RallyEnd::Draw);
        assert!(has_verdict, "{result:?}");
        let players = strokes.into_iter().map(|stroke| stroke.player.name.to_string()).collect();
        Rally { players, faults: result.faults }
    }

    /// Plays rallies and returns the strokes of each task of a side, and all faults.
    pub(crate) async fn strokes(&self, side: &str, rallies: u32) -> (HashMap<String, u32>, u32) {
        let mut strokes = HashMap::new();
        let mut faults = 0;
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
    pub(crate) faults: u32,
}
