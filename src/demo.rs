//! A whole cluster in one process: the real services, each with sockets of its own on loopback.

use std::fmt::Write;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use clap::Args;
use client::targets::Targets;
use game::Side;
use light::{Backend, LampOptions, Opener, Simulated};
use manager::PlayOptions;
use player::ChanceOptions;
use protocol::name::Name;
use protocol::service::Service;
use protocol::task::Task;
use server::listeners::BindError;
use server::options::LogOptions;
use server::start::Start;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::panel::Panel;

/// The options of the demo.
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
    pub chance: ChanceOptions,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub play: PlayOptions,

    /// Of the first node; the lamps of the others are simulated, and all have the same idle pattern.
    #[command(flatten)]
    pub lamp: LampOptions,

    #[command(flatten)]
    #[allow(missing_docs)]
    pub log: LogOptions,
}

/// A cluster that runs in this process.
#[derive(Debug)]
pub struct Demo {
    nodes: Vec<Node>,
    services: JoinSet<io::Result<()>>,
    shutdown: CancellationToken,
    players: JoinSet<io::Result<()>>,
    shutdown_players: CancellationToken,
}

/// A simulated node and what runs on it.
#[derive(Clone, Debug)]
pub struct Node {
    /// The node's name.
    pub name: Name,
    /// The address of its proxy.
    pub proxy: SocketAddr,
    /// The address of its proxy's admin port.
    pub admin: SocketAddr,
    /// Its tasks, without the proxy and the light that every node has.
    pub tasks: Vec<Name>,
}

impl Demo {
    /// Binds every port, then starts every service; ends when `shutdown` is cancelled. Simulated
    /// lamps are shown on the panel, or as log lines if there is none.
    ///
    /// # Errors
    ///
    /// [`BindError`], when the port asked for is taken.
    pub fn start(
        options: &DemoOptions,
        panel: Option<&Panel>,
        shutdown: CancellationToken,
    ) -> Result<Self, BindError> {
        let shutdown_players = CancellationToken::new();
        let mut placement = Placement::new(options.nodes);
        let ping = placement.bind(Service::Ping, options.players, &shutdown_players)?;
        let pong = placement.bind(Service::Pong, options.players, &shutdown_players)?;
        let managers = placement.bind(Service::Manager, options.managers, &shutdown)?;
        let scoreboards = placement.bind(Service::Scoreboard, options.scoreboards, &shutdown)?;
        let proxies = placement.bind_on_each(Service::Proxy, options.listen, &shutdown)?;
        let lights = placement.bind_on_each(Service::Light, FREE, &shutdown)?;

        // All addresses are known before the first service starts.
        let ping_targets = public(&ping);
        let pong_targets = public(&pong);
        let manager_targets = public(&managers);
        let scoreboard_targets = public(&scoreboards);
        let proxy_targets = admin(&proxies);
        let all = ping.iter().chain(&pong).chain(&managers).chain(&scoreboards);
        let task_targets = admin(all.chain(&proxies).chain(&lights));
        let nodes = placement.nodes(&proxies);

        let mut players = JoinSet::new();
        for start in ping.into_iter().chain(pong) {
            let side =
                if start.identity().service == Service::Ping { Side::Ping } else { Side::Pong };
            players.spawn(player::run(player::Options { side, chance: options.chance }, start));
        }
        let mut services = JoinSet::new();
        for start in managers {
            let ping = ping_targets.clone();
            let pong = pong_targets.clone();
            services
                .spawn(manager::run(manager::Options { ping, pong, play: options.play }, start));
        }
        for start in proxies {
            let proxy = proxy::Options {
                managers: manager_targets.clone(),
                scoreboards: scoreboard_targets.clone(),
                proxies: proxy_targets.clone(),
            };
            services.spawn(proxy::run(proxy, start));
        }
        for (n, start) in lights.into_iter().enumerate() {
            let lamp = options.lamp.clone();
            let opener = opener(lamp, n == 0, &start.identity().task.node, panel);
            let idle = options.lamp.idle;
            services.spawn(light::run_with(manager_targets.clone(), idle, opener, start));
        }
        for start in scoreboards {
            let scoreboard = scoreboard::Options {
                managers: manager_targets.clone(),
                scoreboards: scoreboard_targets.clone(),
                tasks: task_targets.clone(),
            };
            services.spawn(scoreboard::run(scoreboard, start));
        }
        Ok(Self { nodes, services, shutdown, players, shutdown_players })
    }

    /// Returns the nodes and what runs on them.
    #[must_use]
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// Returns a text that says what is running and what to try.
    #[must_use]
    pub fn welcome(&self, color: bool) -> String {
        let bold = if color { "\x1b[1m" } else { "" };
        let plain = if color { "\x1b[0m" } else { "" };
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
        let proxy = self.nodes[0].proxy;
        let proxy = if proxy.ip().is_loopback() || proxy.ip().is_unspecified() {
            format!("localhost:{}", proxy.port())
        } else {
            proxy.to_string()
        };
        let _ = write!(
            text,
            "\nTry\n  {bold}curl {proxy}{plain}\n  curl -N '{proxy}/?who&pace=300ms'\n  \
             curl -H 'Accept: application/json' {proxy}\n  swarm-pong paths http://{proxy}\n  \
             and http://{proxy} in a browser\n\n\
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
                Some(ended) = self.services.join_next() => ended,
                Some(ended) = self.players.join_next() => ended,
                else => return outcome,
            };
            let ended = ended.unwrap_or_else(|panic| Err(io::Error::other(panic)));
            if ended.is_err() {
                self.shutdown.cancel();
            }
            if self.services.is_empty() {
                self.shutdown_players.cancel();
            }
            outcome = outcome.and(ended);
        }
    }
}

/// Any free port of the loopback.
const FREE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

/// Which task is on which node: as Swarm does with equal nodes, one after the other.
struct Placement {
    nodes: Vec<(Name, Vec<Name>)>,
    placed: usize,
}

impl Placement {
    fn new(nodes: u8) -> Self {
        let name = |n| Name::from_any(&format!("pi{n}"));
        Self { nodes: (1..=nodes).map(|n| (name(n), Vec::new())).collect(), placed: 0 }
    }

    /// Binds the ports of `count` tasks of a service.
    fn bind(
        &mut self,
        service: Service,
        count: u8,
        shutdown: &CancellationToken,
    ) -> Result<Vec<Start>, BindError> {
        (1..=count)
            .map(|n| {
                let next = self.placed % self.nodes.len();
                self.placed += 1;
                let (node, tasks) = &mut self.nodes[next];
                let name = Name::from_any(&format!("{service}.{n}"));
                tasks.push(name.clone());
                let task = Task { name, node: node.clone() };
                Start::local(service, task, FREE, shutdown.clone())
            })
            .collect()
    }

    /// Binds the ports of a task on each node; `first` is that of the first node.
    fn bind_on_each(
        &self,
        service: Service,
        first: SocketAddr,
        shutdown: &CancellationToken,
    ) -> Result<Vec<Start>, BindError> {
        let nodes = self.nodes.iter().enumerate();
        nodes
            .map(|(n, (node, _))| {
                let name = Name::from_any(&format!("{service}.{}", n + 1));
                let task = Task { name, node: node.clone() };
                let listen = if n == 0 { first } else { FREE };
                Start::local(service, task, listen, shutdown.clone())
            })
            .collect()
    }

    /// Returns the nodes with their proxies.
    fn nodes(self, proxies: &[Start]) -> Vec<Node> {
        let nodes = self.nodes.into_iter().zip(proxies);
        nodes
            .map(|((name, tasks), start)| {
                let proxy = start.public().unwrap_or(FREE);
                Node { name, proxy, admin: start.admin(), tasks }
            })
            .collect()
    }
}

fn public(starts: &[Start]) -> Targets {
    starts.iter().filter_map(Start::public).collect()
}

fn admin<'a>(starts: impl IntoIterator<Item = &'a Start>) -> Targets {
    starts.into_iter().map(Start::admin).collect()
}

/// Returns what opens a node's lamp: for the first node the one asked for.
fn opener(options: LampOptions, first: bool, node: &Name, panel: Option<&Panel>) -> Opener {
    let asked_for = options.backend.unwrap_or(Backend::Simulated);
    let backend = if first { asked_for } else { Backend::Simulated };
    match panel {
        Some(panel) if backend == Backend::Simulated => {
            let row = panel.add(node.clone());
            let panel = panel.clone();
            Box::new(move || {
                let panel = panel.clone();
                Ok(Box::new(Simulated::new(move |lights| panel.set(row, lights))))
            })
        }
        _ => Box::new(move || backend.open(&options)),
    }
}
