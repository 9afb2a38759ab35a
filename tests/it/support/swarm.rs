//! A cluster of real processes that find each other by the names that a Swarm has, on its ports.
//!
//! Each task has an address of its own, 127.0.SERVICE.SLOT; as on a Swarm, it is listed when it is
//! healthy and not listed when it has ended.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use super::dns::Dns;
use super::process::Process;

/// The services of a cluster.
pub(crate) const SERVICES: [&str; 6] = ["ping", "pong", "manager", "proxy", "scoreboard", "light"];

/// The running tasks by their names, such as `ping.1` and `proxy.pi3`.
pub(crate) struct Cluster {
    pub(crate) dns: Dns,
    tasks: BTreeMap<String, Process>,
    environment: &'static [(&'static str, &'static str)],
}

impl Cluster {
    /// Starts these tasks, each on its node, with more in their environment.
    pub(crate) fn start(
        tasks: &[(&str, &str)],
        environment: &'static [(&'static str, &'static str)],
    ) -> Self {
        let mut cluster = Self { dns: Dns::start(), tasks: BTreeMap::new(), environment };
        for service in SERVICES {
            cluster.dns.list(&format!("tasks.{service}"), &[]);
        }
        tasks.iter().for_each(|(task, node)| cluster.add(task, node));
        cluster
    }

    /// Starts a task, and lists it when it serves.
    pub(crate) fn add(&mut self, task: &str, node: &str) {
        let service = service(task);
        let words: &[&str] = match service {
            "ping" | "pong" => &["player", "--side", service],
            "light" => &["light", "--lamp", "simulated"],
            _ => &[service],
        };
        let admin = format!("{}:3001", address(task));
        let listen = format!("{}:3000", address(task));
        let identity = ["--task", task, "--node", node, "--admin", &admin];
        // A light has no public port.
        let public = ["--listen", &listen];
        let public = if service == "light" { &[][..] } else { &public };
        let arguments = [words, &identity, public].concat();
        let process = Process::start_with(&arguments, self.environment);
        self.tasks.insert(task.to_owned(), process);
        self.list(service);
    }

    /// Kills a task; its address is not listed any more.
    pub(crate) fn kill(&mut self, task: &str) {
        self.tasks.remove(task).expect("it runs").kill();
        self.list(service(task));
    }

    fn list(&self, of: &str) {
        let addresses: Vec<_> = self.of(of).map(|(task, _)| address(task)).collect();
        let addresses: Vec<_> = addresses.iter().map(String::as_str).collect();
        self.dns.list(&format!("tasks.{of}"), &addresses);
    }

    /// Returns the tasks of a service with their names.
    pub(crate) fn of(&self, of: &str) -> impl Iterator<Item = (&str, &Process)> {
        let tasks = self.tasks.iter().map(|(task, process)| (task.as_str(), process));
        tasks.filter(move |(task, _)| service(task) == of)
    }

    /// Returns all that run.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, &Process)> {
        SERVICES.into_iter().flat_map(|service| self.of(service))
    }

    /// Returns the public addresses of the proxies.
    pub(crate) fn proxies(&self) -> Vec<SocketAddr> {
        self.of("proxy").map(|(_, proxy)| proxy.listen).collect()
    }
}

fn service(task: &str) -> &str {
    task.split_once('.').expect("a service").0
}

fn address(task: &str) -> String {
    let (service, slot) = task.split_once('.').expect("a service");
    let net = SERVICES.iter().position(|known| *known == service).expect("a service") + 1;
    format!("127.0.{net}.{}", slot.trim_start_matches("pi"))
}
