//! Clusters to look at: the demo in this process, and services as processes that can be killed.

use std::net::{SocketAddr, TcpListener};

use clap::Parser;
use swarm_pong::demo::{Demo, DemoOptions};
use tokio_util::sync::CancellationToken;

use crate::process::Process;

#[derive(Parser)]
struct Words {
    #[command(flatten)]
    demo: DemoOptions,
}

/// Starts the demo on free ports; returns it with the address of its first door.
pub(crate) fn demo(words: &[&str], stop: &CancellationToken) -> (Demo, String) {
    let always = ["demo", "--listen", "127.0.0.1:0"];
    let words = Words::parse_from(always.iter().chain(words));
    let demo = Demo::start(words.demo, None, stop.clone()).expect("free ports");
    let url = format!("http://{}/", demo.nodes()[0].proxy);
    (demo, url)
}

/// A port that nobody has, for a service that is to be started later.
pub(crate) fn free() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("bound")
}

/// Services as processes: one player of each side, a manager, a scoreboard and a proxy, and the
/// places of more players.
pub(crate) struct Cluster {
    pub(crate) players: Vec<Option<Process>>,
    pub(crate) manager: Process,
    pub(crate) scoreboard: Process,
    pub(crate) proxy: Option<Process>,
    places: Vec<Place>,
    door: SocketAddr,
}

struct Place {
    side: &'static str,
    name: String,
    listen: SocketAddr,
    admin: SocketAddr,
}

impl Cluster {
    /// Starts a cluster with room for so many players of each side, whose places are listed from
    /// the start as a DNS server lists dead ones; of each side the first `playing` are there.
    pub(crate) fn start(room: usize, playing: usize) -> Self {
        let place = |side: &'static str, n: usize| Place {
            side,
            name: format!("{side}.{n}"),
            listen: free(),
            admin: free(),
        };
        let places: Vec<Place> =
            (1..=room).flat_map(|n| ["ping", "pong"].map(|side| place(side, n))).collect();
        let list = |side: &str| {
            let side = places.iter().filter(|place| place.side == side);
            side.map(|place| place.listen.to_string()).collect::<Vec<_>>().join(",")
        };
        let (ping, pong) = (list("ping"), list("pong"));
        let manager = Process::start(&[
            "manager",
            "--task",
            "manager.1",
            "--node",
            "pi1",
            "--ping",
            &ping,
            "--pong",
            &pong,
            "--play-every",
            "100ms",
        ]);
        let (managers, scoreboard) = (manager.listen.to_string(), free().to_string());
        let mut whoami: Vec<String> = places.iter().map(|place| place.admin.to_string()).collect();
        whoami.push(manager.admin.to_string());
        let scoreboard = Process::start(&[
            "scoreboard",
            "--task",
            "scoreboard.1",
            "--node",
            "pi2",
            "--listen",
            &scoreboard,
            "--managers",
            &managers,
            "--peers",
            &scoreboard,
            "--whoami",
            &whoami.join(","),
        ]);
        let mut cluster =
            Self { players: Vec::new(), manager, scoreboard, proxy: None, places, door: free() };
        cluster.players = (0..2 * room).map(|_| None).collect();
        (0..2 * playing).for_each(|n| cluster.add(n));
        cluster.open();
        cluster
    }

    /// Starts the player at a place.
    pub(crate) fn add(&mut self, n: usize) {
        let Place { side, name, listen, admin } = &self.places[n];
        let node = format!("pi{}", n % 3 + 1);
        self.players[n] = Some(Process::start(&[
            "player",
            "--side",
            side,
            "--task",
            name,
            "--node",
            &node,
            "--listen",
            &listen.to_string(),
            "--admin",
            &admin.to_string(),
        ]));
    }

    /// Opens the door, always at the same address.
    pub(crate) fn open(&mut self) {
        let (managers, boards) = (self.manager.listen, self.scoreboard.listen);
        self.proxy = Some(Process::start(&[
            "proxy",
            "--task",
            "proxy.1",
            "--node",
            "pi1",
            "--listen",
            &self.door.to_string(),
            "--managers",
            &managers.to_string(),
            "--scoreboards",
            &boards.to_string(),
        ]));
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/", self.door)
    }
}
