//! A cluster of three nodes, of real processes that find each other by the names that a Swarm has.

use std::net::SocketAddr;

use crate::process::Process;
use crate::server::Dns;

/// Every task with its side or service, its address and its node.
const TASKS: [(&str, &str, &str); 14] = [
    ("ping.1", "127.0.1.1", "pi1"),
    ("ping.2", "127.0.1.2", "pi2"),
    ("pong.1", "127.0.2.1", "pi2"),
    ("pong.2", "127.0.2.2", "pi3"),
    ("manager.1", "127.0.3.1", "pi1"),
    ("manager.2", "127.0.3.2", "pi3"),
    ("proxy.pi1", "127.0.4.1", "pi1"),
    ("proxy.pi2", "127.0.4.2", "pi2"),
    ("proxy.pi3", "127.0.4.3", "pi3"),
    ("scoreboard.1", "127.0.5.1", "pi1"),
    ("scoreboard.2", "127.0.5.2", "pi2"),
    ("light.pi1", "127.0.6.1", "pi1"),
    ("light.pi2", "127.0.6.2", "pi2"),
    ("light.pi3", "127.0.6.3", "pi3"),
];

/// A task that runs.
pub(crate) struct Running {
    pub(crate) service: &'static str,
    pub(crate) process: Process,
}

pub(crate) struct Cluster {
    pub(crate) dns: Dns,
    pub(crate) tasks: Vec<Running>,
}

impl Cluster {
    /// Lists every task and starts it.
    pub(crate) fn start() -> Self {
        let dns = Dns::start();
        for service in ["ping", "pong", "manager", "proxy", "scoreboard", "light"] {
            dns.list(&format!("tasks.{service}"), &addresses(service));
        }
        dns.list("tasks.node-exporter", &["127.0.0.1"]);
        let tasks = TASKS.into_iter().map(|(task, address, node)| start(task, address, node));
        Self { dns, tasks: tasks.collect() }
    }

    /// Returns where rallies are asked for.
    pub(crate) fn doors(&self) -> Vec<SocketAddr> {
        let proxies = self.tasks.iter().filter(|task| task.service == "proxy");
        proxies.map(|task| task.process.listen).collect()
    }

    /// Kills all tasks of a service, and takes them off the list as Swarm does.
    pub(crate) fn kill(&mut self, service: &str) {
        self.dns.list(&format!("tasks.{service}"), &[]);
        self.tasks.retain(|task| task.service != service);
    }
}

fn service(task: &str) -> &str {
    task.split_once('.').expect("a service").0
}

fn addresses(of: &str) -> Vec<&'static str> {
    let of_service = TASKS.iter().filter(|(task, ..)| service(task) == of);
    of_service.map(|(_, address, _)| *address).collect()
}

fn start(task: &'static str, address: &str, node: &str) -> Running {
    let service = service(task);
    let command: &[&str] = match service {
        "ping" | "pong" => &["player", "--side", service],
        "light" => &["light", "--lamp", "simulated"],
        _ => &[service],
    };
    let [listen, admin] = [3000, 3001].map(|port| format!("{address}:{port}"));
    let who = ["--task", task, "--node", node, "--listen", &listen, "--admin", &admin];
    Running { service, process: Process::start(&[command, &who].concat()) }
}
