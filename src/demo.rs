//! A whole cluster in one process: the real services, each with sockets of its own on loopback.

use std::fmt::Write;
use std::io;
use std::net::SocketAddr;

use client::targets::Targets;
use game::Side;
use light::{Backend, LampOptions, Opener, Simulated};
use protocol::name::Name;
use protocol::service::Service;
use server::listeners::BindError;
use server::start::Start;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::panel::Panel;
use crate::program::program;

mod keys;
mod options;
mod placement;
mod screen;

pub use self::options::DemoOptions;
pub use self::placement::Node;
use self::placement::{FREE, Placement};

/// A cluster that runs in this process.
#[derive(Debug)]
pub struct Demo {
    nodes: Vec<Node>,
    managers: Vec<SocketAddr>,
    services: JoinSet<io::Result<()>>,
    shutdown: CancellationToken,
    players: JoinSet<io::Result<()>>,
    shutdown_players: CancellationToken,
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
        let manager_addresses = managers.iter().filter_map(Start::public).collect();

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
                ports: proxy::PortOptions::default(),
            };
            services.spawn(proxy::run(proxy, start));
        }
        for (n, start) in lights.into_iter().enumerate() {
            let lamp = options.lamp.clone();
            let opener = opener(lamp, n == 0, &start.identity().task.node.name, panel);
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
        let managers = manager_addresses;
        Ok(Self { nodes, managers, services, shutdown, players, shutdown_players })
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
        let proxy = self.address();
        let program = program();
        let _ = write!(
            text,
            "\nTry\n  {bold}curl {proxy}{plain}\n  curl -N '{proxy}/?who&pace=300ms'\n  \
             curl -H 'Accept: application/json' {proxy}\n  {program} paths {proxy}\n  \
             and http://{proxy} in a browser\n\n\
             Ctrl-C stops it.\n"
        );
        text
    }

    /// Returns the address of the first node's proxy, as people type it.
    fn address(&self) -> String {
        let proxy = self.nodes[0].proxy;
        if proxy.ip().is_loopback() || proxy.ip().is_unspecified() {
            format!("localhost:{}", proxy.port())
        } else {
            proxy.to_string()
        }
    }

    /// Shows the match around the lamps of a panel, and waits as [`Demo::wait`] does.
    ///
    /// # Errors
    ///
    /// Those of [`Demo::wait`].
    pub async fn wait_on(self, panel: Panel) -> io::Result<()> {
        let title = format!("swarm-pong {}, {} nodes", env!("CARGO_PKG_VERSION"), self.nodes.len());
        let (address, managers) = (self.address(), self.managers.clone());
        let showing = screen::run(panel.clone(), title, address, managers, self.shutdown.clone());
        panel.show();
        tokio::join!(self.wait(), showing).0
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
                Ok(Box::new(Simulated::new(move |lights, outcome| panel.set(row, lights, outcome))))
            })
        }
        _ => Box::new(move || backend.open(&options)),
    }
}
