//! Which task runs on which simulated node.

use std::net::{Ipv4Addr, SocketAddr};

use protocol::name::Name;
use protocol::service::Service;
use protocol::task::Task;
use server::listeners::BindError;
use server::start::Start;
use tokio_util::sync::CancellationToken;

/// Any free port of the loopback.
pub(super) const FREE: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 0);

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

/// Which task is on which node: as Swarm does with equal nodes, one after the other.
pub(super) struct Placement {
    nodes: Vec<(Name, Vec<Name>)>,
    placed: usize,
}

impl Placement {
    /// Makes simulated nodes with nothing on them yet.
    pub(super) fn new(nodes: u8) -> Self {
        let name = |n| Name::from_any(&format!("pi{n}"));
        Self { nodes: (1..=nodes).map(|n| (name(n), Vec::new())).collect(), placed: 0 }
    }

    /// Binds the ports of `count` tasks of a service.
    pub(super) fn bind(
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
                let task = Task { name, node: node.clone().into() };
                Start::local(service, task, FREE, shutdown.clone())
            })
            .collect()
    }

    /// Binds the ports of a task on each node; `first` is that of the first node.
    pub(super) fn bind_on_each(
        &self,
        service: Service,
        first: SocketAddr,
        shutdown: &CancellationToken,
    ) -> Result<Vec<Start>, BindError> {
        let nodes = self.nodes.iter().enumerate();
        nodes
            .map(|(n, (node, _))| {
                let name = Name::from_any(&format!("{service}.{}", n + 1));
                let task = Task { name, node: node.clone().into() };
                let listen = if n == 0 { first } else { FREE };
                Start::local(service, task, listen, shutdown.clone())
            })
            .collect()
    }

    /// Returns the nodes with their proxies.
    pub(super) fn nodes(self, proxies: &[Start]) -> Vec<Node> {
        let nodes = self.nodes.into_iter().zip(proxies);
        nodes
            .map(|((name, tasks), start)| {
                let proxy = start.public().unwrap_or(FREE);
                Node { name, proxy, admin: start.admin(), tasks }
            })
            .collect()
    }
}
