//! A task: a real process at an address of its own, replaced when it ends, and what it suffered.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use rustix::process::Signal;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::fault::Fault;
use crate::relay::{Link, Relay};
use crate::support::ports::{ReservedPort, reserve};
use crate::support::process::Process;
use crate::violations::Violations;

/// How long after its end a task is replaced: the delay in stack.yml.
const RESTART_DELAY: Duration = Duration::from_secs(1);

/// How long a stop may take before Docker kills the process: the grace period in stack.yml.
const STOP_GRACE: Duration = Duration::from_secs(10);

/// A task.
pub(crate) struct Task {
    /// Its service.
    pub(crate) service: &'static str,
    /// Such as `ping.1`.
    pub(crate) name: String,
    /// Its node, which its rallies name if it is a proxy.
    pub(crate) node: String,
    /// Whether it may be killed and stopped.
    pub(crate) can_end: bool,
    relay: Option<Relay>,
    port: ReservedPort,
    admin: ReservedPort,
    process: Mutex<Option<Process>>,
    incidents: Mutex<Vec<Incident>>,
}

/// A fault, and when it was.
#[derive(Clone, Copy, Debug)]
struct Incident {
    fault: Fault,
    from: Instant,
    to: Option<Instant>,
}

impl Task {
    /// Reserves the addresses of a task, whose process is started later.
    pub(crate) async fn new(service: &'static str, n: usize, can_end: bool, cuts: bool) -> Self {
        let port = reserve();
        let relay = if cuts { Some(Relay::start(port.address).await) } else { None };
        Self {
            service,
            name: format!("{service}.{n}"),
            node: format!("pi{n}"),
            can_end,
            relay,
            port,
            admin: reserve(),
            process: Mutex::default(),
            incidents: Mutex::default(),
        }
    }

    /// Returns the address at which others reach its public port.
    pub(crate) fn address(&self) -> SocketAddr {
        self.relay.as_ref().map_or(self.port.address, |relay| relay.address)
    }

    /// Returns its public port without the network before it.
    pub(crate) fn direct(&self) -> SocketAddr {
        self.port.address
    }

    /// Returns the address of its admin port.
    pub(crate) fn admin(&self) -> SocketAddr {
        self.admin.address
    }

    /// Returns whether the network before it can fail.
    pub(crate) fn has_relay(&self) -> bool {
        self.relay.is_some()
    }

    /// Returns the id of its process, if it has one.
    pub(crate) fn process_id(&self) -> Option<u32> {
        self.process.lock().as_ref().map(Process::id)
    }

    /// Starts its process and waits until it listens.
    pub(crate) async fn start(&self, options: &[String]) {
        let mut line: Vec<String> = options.to_vec();
        if self.service != "light" {
            line.extend(["--listen".to_owned(), self.port.address.to_string()]);
        }
        line.extend(["--admin".to_owned(), self.admin.address.to_string()]);
        line.extend(["--task".to_owned(), self.name.clone(), "--node".to_owned()]);
        line.push(self.node.clone());
        let started = spawn_blocking(move || {
            Process::start(&line.iter().map(String::as_str).collect::<Vec<_>>())
        });
        *self.process.lock() = Some(started.await.expect("it starts"));
    }

    /// Suffers a fault to its end, when it is well again.
    pub(crate) async fn suffer(&self, fault: Fault, options: &[String], violations: &Violations) {
        let n = self.incidents.lock().len();
        self.incidents.lock().push(Incident { fault, from: Instant::now(), to: None });
        match fault {
            Fault::Kill => {
                let process = self.process.lock().take();
                process.expect("a process").kill();
                sleep(RESTART_DELAY).await;
                self.start(options).await;
            }
            Fault::Stop => {
                self.stop(violations).await;
                sleep(RESTART_DELAY).await;
                self.start(options).await;
            }
            Fault::Pause(time) => {
                self.signal(Signal::STOP);
                sleep(time).await;
                self.signal(Signal::CONT);
            }
            Fault::Cut(time) => self.link(Link::Cut, time).await,
            Fault::Silence(time) => self.link(Link::Silent, time).await,
        }
        self.incidents.lock()[n].to = Some(Instant::now());
    }

    /// Stops its process as Docker does.
    pub(crate) async fn stop(&self, violations: &Violations) {
        let process = self.process.lock().take();
        let mut process = process.expect("a process");
        let begun = Instant::now();
        process.terminate();
        let ended = spawn_blocking(move || process.code()).await;
        let took = begun.elapsed();
        if !matches!(ended, Ok(Some(0))) || took > STOP_GRACE {
            violations.add(format!("{} stopped with {ended:?} after {took:?}", self.name));
        }
    }

    fn signal(&self, signal: Signal) {
        self.process.lock().as_ref().expect("a process").signal(signal);
    }

    async fn link(&self, link: Link, time: Duration) {
        let relay = self.relay.as_ref().expect("a relay");
        relay.set(link);
        sleep(time).await;
        relay.set(Link::Up);
    }

    /// Returns what it suffered between two times, and when each began.
    pub(crate) fn faults(&self, from: Instant, to: Instant) -> Vec<(Fault, Instant)> {
        let incidents = self.incidents.lock();
        let meets =
            |incident: &&Incident| incident.from <= to && incident.to.is_none_or(|end| from <= end);
        incidents.iter().filter(meets).map(|incident| (incident.fault, incident.from)).collect()
    }

    /// Returns all that it suffered, and when each began.
    pub(crate) fn all_faults(&self) -> Vec<(Fault, Instant)> {
        self.incidents.lock().iter().map(|incident| (incident.fault, incident.from)).collect()
    }

    /// Returns whether it suffers something now.
    pub(crate) fn suffers(&self) -> bool {
        self.incidents.lock().last().is_some_and(|incident| incident.to.is_none())
    }
}
