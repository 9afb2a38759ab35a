//! What is attacked: a match with a scoreboard and a proxy, each a process of its own.

use std::io;
use std::net::SocketAddr;

use crate::limit::Limit;
use crate::memory::{peak_mb, reset_peak};
use crate::support::process::Process;

/// A running service. It ends before its limit is removed.
pub(crate) struct Service {
    name: &'static str,
    pub(crate) process: Process,
    limit: Option<Limit>,
}

/// A running cluster.
pub(crate) struct Cluster {
    pub(crate) proxy: Service,
    others: [Service; 4],
}

/// The most memory that services had, in megabytes.
pub(crate) struct Peaks {
    pub(crate) proxy: f64,
    /// Of any other service.
    pub(crate) service: f64,
    /// Of any cgroup, if there are any.
    pub(crate) cgroup: Option<f64>,
}

impl Service {
    fn start(name: &'static str, arguments: &[&str], limited: bool) -> io::Result<Self> {
        let limit = limited.then(|| Limit::new(name)).transpose()?;
        let process = match &limit {
            Some(limit) => limit.start(arguments),
            None => Process::start(arguments),
        };
        Ok(Self { name, process, limit })
    }

    fn address(&self) -> String {
        self.process.listen.to_string()
    }
}

impl Cluster {
    /// Starts a cluster; with `limited`, under real limits of memory.
    ///
    /// # Errors
    ///
    /// Where there can be none.
    pub(crate) fn start(limited: bool) -> io::Result<Self> {
        let nobody = "127.0.0.1:1";
        let player = |name| Service::start(name, &["player", "--side", name], limited);
        let [ping, pong] = [player("ping")?, player("pong")?];
        let manager = ["manager", "--ping", &ping.address(), "--pong", &pong.address()];
        let manager = Service::start("manager", &manager, limited)?;
        let of = ["--managers", &manager.address(), "--scoreboards"];
        let scoreboard = [&["scoreboard"], &of[..], &[nobody, "--tasks", nobody]].concat();
        let scoreboard = Service::start("scoreboard", &scoreboard, limited)?;
        let page = scoreboard.address();
        let proxy = [&["proxy"], &of[..], &[&page, "--proxies", nobody]].concat();
        let proxy = Service::start("proxy", &proxy, limited)?;
        Ok(Self { proxy, others: [scoreboard, manager, pong, ping] })
    }

    fn services(&self) -> impl Iterator<Item = &Service> {
        self.others.iter().chain([&self.proxy])
    }

    /// Forgets the peaks of memory so far, but for those of cgroups.
    pub(crate) fn reset_peaks(&self) {
        self.services().for_each(|service| reset_peak(service.process.id()));
    }

    /// Returns the most memory that services had.
    pub(crate) fn peaks(&self) -> Peaks {
        let others = self.others.iter().map(|service| peak_mb(service.process.id()));
        let cgroups = self.services().filter_map(|service| Some(service.limit.as_ref()?.peak_mb()));
        Peaks {
            proxy: peak_mb(self.proxy.process.id()),
            service: others.fold(0.0, f64::max),
            cgroup: cgroups.reduce(f64::max),
        }
    }

    /// Returns the services that the kernel has killed since they exceeded their limit.
    pub(crate) fn killed(&self) -> Vec<&'static str> {
        let killed = |service: &&Service| service.limit.as_ref().is_some_and(Limit::has_killed);
        self.services().filter(killed).map(|service| service.name).collect()
    }

    /// Returns the public port of a service.
    pub(crate) fn port(&self, name: &str) -> SocketAddr {
        let service = self.services().find(|service| service.name == name);
        service.expect("a service").process.listen
    }
}
