//! The whole cluster in one process: the real services, each with sockets of its own on loopback.

use std::fmt::Write;
use std::future::Future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use clap::Args;
use court::options::Log;
use court::peers::Peers;
use court::serve::{CannotListen, Doors};
use court::task::{Name, Task};
use light::{LampOptions, Opener, Simulated, Way};
use manager::PlayOptions;
use player::LuckOptions;
use rally::Side;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::panel::Panel;

/// Holds what the demo can be told.
#[derive(Args, Clone, Debug)]
pub struct DemoOptions {
    /// Simulated nodes, 1 to 64, named pi1, pi2, …
    #[arg(long, env = "PONG_NODES", value_name = "N", default_value = "3",
        value_parser = clap::value_parser!(u8).range(1..=64))]
    pub nodes: u8,

    /// Players of each side, 1 to 64
    #[arg(long, env = "PONG_PLAYERS", value_name = "N", default_value = "2",
        value_parser = clap::value_parser!(u8).range(1..=64))]
    pub players: u8,

    /// Managers, 1 to 64
    #[arg(long, env = "PONG_MANAGER_COUNT", value_name = "N", default_value = "2",
        value_parser = clap::value_parser!(u8).range(1..=64))]
    pub managers: u8,

    /// Scoreboards, 0 to 64; without one there is no page
    #[arg(long, env = "PONG_SCOREBOARD_COUNT", value_name = "N", default_value = "1",
        value_parser = clap::value_parser!(u8).range(0..=64))]
    pub scoreboards: u8,

    /// Address and port of the first node's proxy; the others take free ports
    #[arg(
        long,
        env = "PONG_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:3000"
    )]
    pub listen: SocketAddr,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub luck: LuckOptions,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub play: PlayOptions,

    /// Of the first node; the lamps of the others are simulated, and all idle alike.
    #[command(flatten)]
    pub lamp: LampOptions,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub log: Log,
}

/// Runs a cluster in this process.
#[derive(Debug)]
pub struct Demo {
    nodes: Vec<Node>,
    running: JoinSet<io::Result<()>>,
    stop: CancellationToken,
    players: JoinSet<io::Result<()>>,
    stop_players: CancellationToken,
}

/// Tells what runs on a simulated node.
#[derive(Clone, Debug)]
pub struct Node {
    /// The node's name.
    pub name: Name,
    /// Where its proxy listens.
    pub proxy: SocketAddr,
    /// Where its proxy's admin port is.
    pub admin: SocketAddr,
    /// Its tasks but for the proxy and the light.
    pub tasks: Vec<Name>,
}

impl Demo {
    /// Opens every port, then starts every service; ends when `stop` is cancelled. Simulated lamps
    /// are shown on the panel, or as log lines if there is none.
    ///
    /// # Errors
    ///
    /// [`CannotListen`], when the port asked for is taken.
    pub fn start(
        options: DemoOptions,
        panel: Option<&Panel>,
        stop: CancellationToken,
    ) -> Result<Self, CannotListen> {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let name = |n: u8| Name::from_any(&format!("pi{n}"));
        let mut nodes: Vec<Node> = (1..=options.nodes)
            .map(|n| Node { name: name(n), proxy: free, admin: free, tasks: Vec::new() })
            .collect();
        let (mut running, mut players) = (JoinSet::new(), JoinSet::new());
        let stop_players = CancellationToken::new();
        let mut placed = 0;
        // As Swarm does with equal nodes: one after the other.
        let mut place = |service: &str, n: u8| {
            let count = nodes.len();
            let node = &mut nodes[placed % count];
            placed += 1;
            let name = Name::from_any(&format!("{service}.{n}"));
            node.tasks.push(name.clone());
            Task { name, node: node.name.clone() }
        };

        // Whom a scoreboard asks who they are: the admin port of every task.
        let mut whoami = Vec::new();
        let DemoOptions { luck, play, lamp, .. } = options;
        let mut side = |side: Side| {
            let mut addresses = Vec::new();
            for n in 1..=options.players {
                let doors = Doors::open(free, free)?;
                addresses.push(doors.public());
                whoami.push(doors.admin());
                let player = player::Options { side, luck };
                let me = place(side.name(), n);
                run(&mut players, player::run(player, me, doors, 1, stop_players.clone()));
            }
            Ok(Peers::from_iter(addresses))
        };
        let (ping, pong) = (side(Side::Ping)?, side(Side::Pong)?);

        let mut managers = Vec::new();
        for n in 1..=options.managers {
            let doors = Doors::open(free, free)?;
            managers.push(doors.public());
            whoami.push(doors.admin());
            let manager = manager::Options { ping: ping.clone(), pong: pong.clone(), play };
            let me = place("manager", n);
            run(&mut running, manager::run(manager, me, doors, 1, stop.clone()));
        }

        let managers = Peers::from_iter(managers);
        let mut boards = Vec::new();
        for n in 1..=options.scoreboards {
            let doors = Doors::open(free, free)?;
            whoami.push(doors.admin());
            boards.push((place("scoreboard", n), doors));
        }
        let scoreboards = Peers::from_iter(boards.iter().map(|(_, doors)| doors.public()));

        let mut doors = Vec::new();
        for (n, node) in nodes.iter_mut().enumerate() {
            let open = Doors::open(if n == 0 { options.listen } else { free }, free)?;
            (node.proxy, node.admin) = (open.public(), open.admin());
            whoami.push(open.admin());
            doors.push(open);
        }
        let proxies = Peers::from_iter(nodes.iter().map(|node| node.admin));
        for ((n, node), doors) in nodes.iter().enumerate().zip(doors) {
            let (upstreams, boards) = (managers.clone(), scoreboards.clone());
            let proxies = proxies.clone();
            let proxy = proxy::Options { managers: upstreams, scoreboards: boards, proxies };
            let task = |service: &str| {
                let name = Name::from_any(&format!("{service}.{}", n + 1));
                Task { name, node: node.name.clone() }
            };
            run(&mut running, proxy::run(proxy, task("proxy"), doors, 1, stop.clone()));

            let doors = Doors::open_admin(free)?;
            whoami.push(doors.admin());
            let (me, idle) = (task("light"), lamp.idle);
            let open = opener(lamp.clone(), n == 0, &me, panel);
            let light = light::run(managers.clone(), idle, open, me, doors, 1, stop.clone());
            run(&mut running, light);
        }

        for (me, doors) in boards {
            let whoami = Peers::from_iter(whoami.iter().copied());
            let (managers, peers) = (managers.clone(), scoreboards.clone());
            let board = scoreboard::Options { managers, peers, whoami };
            run(&mut running, scoreboard::run(board, me, doors, 1, stop.clone()));
        }
        Ok(Self { nodes, running, stop, players, stop_players })
    }

    /// Returns the nodes and what runs on them.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Says what is running and what to try.
    #[must_use]
    pub fn welcome(&self, colour: bool) -> String {
        let (bold, plain) = if colour { ("\x1b[1m", "\x1b[0m") } else { ("", "") };
        let mut text = format!(
            "{bold}swarm-pong {}{plain}: a cluster of {} nodes in one process\n\n",
            env!("CARGO_PKG_VERSION"),
            self.nodes.len(),
        );
        for Node { name, proxy, tasks, .. } in &self.nodes {
            let tasks: Vec<&str> = tasks.iter().map(Name::as_str).collect();
            // Writing to a string does not fail.
            let _ = writeln!(text, "  {name:<5} http://{proxy:<22} {}", tasks.join(" "));
        }
        let door = self.nodes[0].proxy;
        let door = if door.ip().is_loopback() || door.ip().is_unspecified() {
            format!("localhost:{}", door.port())
        } else {
            door.to_string()
        };
        let _ = write!(
            text,
            "\nTry\n  {bold}curl {door}{plain}\n  curl -N '{door}/?who&pace=300ms'\n  \
             curl -H 'Accept: application/json' {door}\n  swarm-pong paths http://{door}\n  \
             and http://{door} in a browser\n\n\
             Ctrl-C stops it.\n"
        );
        text
    }

    /// Waits until every service has ended; when one fails, the others are stopped too.
    ///
    /// Players are the last to stop, since rallies in flight need them to be finished.
    ///
    /// # Errors
    ///
    /// The first failure of a service.
    pub async fn wait(mut self) -> io::Result<()> {
        let mut outcome = Ok(());
        loop {
            let ended = tokio::select! {
                Some(ended) = self.running.join_next() => ended,
                Some(ended) = self.players.join_next() => ended,
                else => return outcome,
            };
            let ended = ended.unwrap_or_else(|panic| Err(io::Error::other(panic)));
            if ended.is_err() {
                self.stop.cancel();
            }
            if self.running.is_empty() {
                self.stop_players.cancel();
            }
            outcome = outcome.and(ended);
        }
    }
}

/// Returns what opens a node's lamp: for the first one what was asked for.
fn opener(options: LampOptions, first: bool, me: &Task, panel: Option<&Panel>) -> Opener {
    let simulated = matches!(options.lamp, None | Some(Way::Simulated));
    match panel {
        _ if first && !simulated => light::opener(options, me.clone()),
        Some(panel) => {
            let row = panel.add(me.node.clone());
            let panel = panel.clone();
            Box::new(move || {
                let panel = panel.clone();
                Ok(Box::new(Simulated::new(move |lights| panel.set(row, lights))))
            })
        }
        None => light::opener(LampOptions { lamp: Some(Way::Simulated), ..options }, me.clone()),
    }
}

fn run(
    running: &mut JoinSet<io::Result<()>>,
    service: impl Future<Output = io::Result<()>> + Send + 'static,
) {
    running.spawn(service);
}
