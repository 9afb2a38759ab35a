//! Services in this process: whole clusters, and single services as a test needs them.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use clap::Parser;
use client::targets::Targets;
use game::Side;
use manager::PlayOptions;
use player::ChanceOptions;
use protocol::service::Service as Kind;
use protocol::task::Task;
use server::start::Start;
use swarm_pong::demo::{Demo, DemoOptions, Node};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A whole cluster, as `swarm-pong demo` starts it; stopped when dropped.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Node>,
    shutdown: CancellationToken,
}

#[derive(Parser)]
struct DemoLine {
    #[command(flatten)]
    options: DemoOptions,
}

impl Cluster {
    /// Starts a demo with these options on free ports.
    pub(crate) fn start(options: &[&str]) -> Self {
        let line = ["demo", "--listen", "127.0.0.1:0"].into_iter().chain(options.iter().copied());
        let shutdown = CancellationToken::new();
        let demo = Demo::start(&DemoLine::parse_from(line).options, None, shutdown.clone());
        let demo = demo.expect("free ports");
        let nodes = demo.nodes().to_vec();
        tokio::spawn(demo.wait());
        Self { nodes, shutdown }
    }

    /// Returns the public address of the first node's proxy.
    pub(crate) fn proxy(&self) -> SocketAddr {
        self.nodes[0].proxy
    }

    /// Returns whether a task of this service runs on the node, by a name such as `ping.2@pi3`.
    pub(crate) fn runs(&self, service: &str, task: &str) -> bool {
        let Ok(task) = task.parse::<Task>() else { return false };
        let node = self.nodes.iter().find(|node| node.name == task.node.name);
        task.name.as_str().starts_with(service)
            && node.is_some_and(|node| node.tasks.contains(&task.name))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// One service in this process; stopped when dropped.
pub(crate) struct Service {
    pub(crate) listen: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) shutdown: CancellationToken,
    pub(crate) ended: JoinHandle<io::Result<()>>,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.shutdown.cancel();
    }
}

/// Returns what a service is started with, on free ports, by a task such as `ping.1@pi1`.
pub(crate) fn start(service: Kind, task: &str) -> Start {
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let task: Task = task.parse().expect("a task");
    Start::local(service, task, free, CancellationToken::new()).expect("free ports")
}

/// Runs a service.
pub(crate) fn run<F>(start: Start, run: impl FnOnce(Start) -> F) -> Service
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let admin = start.admin();
    let listen = start.public().unwrap_or(admin);
    let shutdown = start.shutdown().clone();
    Service { listen, admin, shutdown, ended: tokio::spawn(run(start)) }
}

/// Starts a player named such as `ping.1@pi1`, with a chance of a HIT in percent.
pub(crate) fn player(task: &str, chance: &str) -> Service {
    let side: Side = task.split('.').next().expect("a side").parse().expect("a side");
    let chance = ChanceOptions { hit_chance: chance.parse().expect("a chance"), seed: None };
    let options = player::Options { side, chance };
    run(start(side.into(), task), |start| player::run(options, start))
}

#[derive(Parser)]
struct ManagerLine {
    #[command(flatten)]
    play: PlayOptions,
}

/// Starts a manager whose players are at these addresses, with options as on the command line.
pub(crate) fn manager(
    task: &str,
    ping: &[SocketAddr],
    pong: &[SocketAddr],
    options: &[&str],
) -> Service {
    let options = manager_options(ping, pong, options);
    run(start(Kind::Manager, task), |start| manager::run(options, start))
}

/// Returns the options of a manager whose players are at these addresses.
pub(crate) fn manager_options(
    ping: &[SocketAddr],
    pong: &[SocketAddr],
    options: &[&str],
) -> manager::Options {
    let line = ["manager"].into_iter().chain(options.iter().copied());
    let play = ManagerLine::parse_from(line).play;
    manager::Options { ping: targets(ping), pong: targets(pong), play }
}

/// Starts a proxy whose upstreams are at these addresses.
pub(crate) fn proxy(task: &str, managers: &[SocketAddr], scoreboards: &[SocketAddr]) -> Service {
    let options = proxy::Options {
        managers: targets(managers),
        scoreboards: targets(scoreboards),
        proxies: Targets::default(),
        ports: proxy::PortOptions::default(),
    };
    run(start(Kind::Proxy, task), |start| proxy::run(options, start))
}

/// Returns the targets that these addresses are.
pub(crate) fn targets(addresses: &[SocketAddr]) -> Targets {
    addresses.iter().copied().collect()
}
