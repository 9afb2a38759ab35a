//! Puts services together: whole clusters, and single services as a test needs them.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use clap::Parser;
use court::peers::Peers;
use court::serve::Doors;
use court::task::Task;
use manager::PlayOptions;
use player::LuckOptions;
use rally::Side;
use swarm_pong::demo::{Demo, DemoOptions, Node};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A whole cluster, as `swarm-pong demo` starts it; stopped when dropped.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Node>,
    stop: CancellationToken,
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
        let stop = CancellationToken::new();
        let demo = Demo::start(DemoLine::parse_from(line).options, None, stop.clone());
        let demo = demo.expect("free ports");
        let nodes = demo.nodes().to_vec();
        tokio::spawn(demo.wait());
        Self { nodes, stop }
    }

    /// Returns where the first node's proxy listens.
    pub(crate) fn door(&self) -> SocketAddr {
        self.nodes[0].proxy
    }

    /// Tells whether a task of this service runs on the node, by a name such as `ping.2@pi3`.
    pub(crate) fn runs(&self, service: &str, task: &str) -> bool {
        let Some((name, node)) = task.split_once('@') else { return false };
        let on = |at: &&Node| at.name.as_str() == node;
        name.starts_with(service)
            && self
                .nodes
                .iter()
                .find(on)
                .is_some_and(|node| node.tasks.iter().any(|task| task.as_str() == name))
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

/// One service in this process; stopped when dropped.
pub(crate) struct Service {
    pub(crate) listen: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) stop: CancellationToken,
    pub(crate) ended: JoinHandle<io::Result<()>>,
}

impl Drop for Service {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn start<F>(run: impl FnOnce(Doors, CancellationToken) -> F) -> Service
where
    F: Future<Output = io::Result<()>> + Send + 'static,
{
    let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let doors = Doors::open(free, free).expect("free ports");
    let (listen, admin) = (doors.public(), doors.admin());
    let stop = CancellationToken::new();
    Service { listen, admin, ended: tokio::spawn(run(doors, stop.clone())), stop }
}

fn task(name: &str) -> Task {
    name.parse().expect("a task")
}

/// Starts a player named such as `ping.1@pi1`, with a chance of a HIT in percent.
pub(crate) fn player(name: &str, chance: &str) -> Service {
    let side = name.split('.').next().expect("a side").parse::<Side>().expect("a side");
    let luck = LuckOptions { hit_chance: chance.parse().expect("a chance"), seed: None };
    let options = player::Options { side, luck };
    start(|doors, stop| player::run(options, task(name), doors, 1, stop))
}

#[derive(Parser)]
struct ManagerLine {
    #[command(flatten)]
    play: PlayOptions,
}

/// Starts a manager whose players are at these addresses, with options as on the command line.
pub(crate) fn manager(
    name: &str,
    ping: &[SocketAddr],
    pong: &[SocketAddr],
    options: &[&str],
) -> Service {
    let line = ["manager"].into_iter().chain(options.iter().copied());
    let play = ManagerLine::parse_from(line).play;
    let [ping, pong] = [ping, pong].map(|at| Peers::from_iter(at.iter().copied()));
    let options = manager::Options { ping, pong, play };
    start(|doors, stop| manager::run(options, task(name), doors, 1, stop))
}

/// Starts a proxy whose upstreams are at these addresses.
pub(crate) fn proxy(name: &str, managers: &[SocketAddr], scoreboards: &[SocketAddr]) -> Service {
    let [managers, scoreboards] =
        [managers, scoreboards].map(|at| Peers::from_iter(at.iter().copied()));
    let options = proxy::Options { managers, scoreboards, proxies: Peers::default() };
    start(|doors, stop| proxy::run(options, task(name), doors, 1, stop))
}
