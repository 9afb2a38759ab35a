//! Probes the paths to the other proxies, also those along which no stroke goes.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use client::endpoint::Endpoint;
use client::endpoints::Endpoints;
use client::targets::Targets;
use futures_util::future::join_all;
use parking_lot::{Mutex, MutexGuard};
use protocol::id::InstanceId;
use protocol::node::Node;
use protocol::service::Service;
use server::start::Start;
use tokio::sync::watch;
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::hearsay;
use crate::loss::Losses;
use crate::metrics::Metrics;
use crate::path_health::PathHealth;
use crate::path_table::PathTable;
use crate::probe::{probe, say_goodbye};

/// Interval between checks of what ages by itself.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// Within what time of being selected all targets are probed for the first time.
const FIRST_PROBE_WITHIN: Duration = Duration::from_millis(500);

/// Interval between probes of this proxy itself, to find out whether its address has become that of
/// another.
const SELF_PROBE_INTERVAL: Duration = Duration::from_secs(60);

/// Probes other proxies, and keeps what is measured.
#[derive(Debug)]
pub(crate) struct Prober {
    node: Node,
    instance: InstanceId,
    /// The address that connections are made from, if the admin port is bound to one.
    source: Option<IpAddr>,
    table: Mutex<PathTable>,
    losses: Losses,
    /// The addresses that are probed now.
    targets: watch::Sender<Vec<SocketAddr>>,
}

impl Prober {
    /// Begins to probe the proxies that discovery finds; tells them when this one stops.
    pub(crate) async fn start(start: &mut Start, proxies: Targets, metrics: Metrics) -> Arc<Self> {
        let endpoints = start.discover(Service::Proxy, proxies).await;
        let task = start.identity().task.clone();
        let instance = InstanceId::new(rand::random());
        let (losses, socket) = Losses::bind(start.admin());
        let table =
            PathTable::new(task.clone(), instance.clone(), start.admin(), losses.key(), metrics);
        let prober = Arc::new(Self {
            node: task.node,
            instance,
            source: Some(start.admin().ip()).filter(|ip| !ip.is_unspecified()),
            table: Mutex::new(table),
            losses,
            targets: watch::Sender::default(),
        });
        let running = Arc::clone(&prober);
        start.spawn("probes", async move {
            tokio::join!(running.probe_all(&endpoints), running.check_regularly(&endpoints));
        });
        if let Some(socket) = socket {
            let measuring = Arc::clone(&prober);
            start.spawn("datagrams", async move {
                measuring.losses.run(&socket, measuring.targets.subscribe()).await;
            });
        }
        let (leaving, shutdown) = (Arc::clone(&prober), start.shutdown().clone());
        start.spawn_to_end("goodbye", async move {
            shutdown.cancelled().await;
            leaving.say_goodbye().await;
        });
        prober
    }

    /// Returns what is known of all paths.
    pub(crate) fn table(&self) -> MutexGuard<'_, PathTable> {
        self.table.lock()
    }

    async fn probe_all(&self, endpoints: &Endpoints) {
        let select = |endpoints: &Endpoints| self.select(endpoints);
        let probe = |endpoint: Endpoint| self.probe_while_selected(endpoint.address);
        endpoints.for_each(select, probe).await;
    }

    async fn check_regularly(&self, endpoints: &Endpoints) {
        let mut checks = interval(CHECK_INTERVAL);
        checks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            checks.tick().await;
            let before = self.targets.borrow().clone();
            self.select(endpoints);
            if *self.targets.borrow() != before {
                endpoints.changed();
            }
            let unknown = self.table().unknown_node();
            if let Some((node, proxy)) = unknown
                && let Some(address) = hearsay::address_of(&node, proxy).await
            {
                self.table().hear_of(address);
            }
        }
    }

    /// Selects the endpoints to probe, also those that DNS does not list.
    fn select(&self, endpoints: &Endpoints) -> Vec<Endpoint> {
        let listed: Vec<_> = endpoints.listed().iter().map(|endpoint| endpoint.address).collect();
        let targets = self.table().select(&listed);
        self.targets.send_if_modified(|known| std::mem::replace(known, targets.clone()) != targets);
        let endpoint = |address| Endpoint::new(address, Service::Proxy.into());
        targets.into_iter().map(endpoint).collect()
    }

    /// Tells the other proxies that this one stops, so that it is not taken for lost.
    async fn say_goodbye(&self) {
        let (others, port) = self.table().others();
        join_all(others.into_iter().map(|address| say_goodbye(address, self.source, port))).await;
    }

    async fn probe_while_selected(&self, address: SocketAddr) {
        let mut targets = self.targets.subscribe();
        tokio::select! {
            biased;
            // The sender lives as long as `self`.
            _ = targets.wait_for(|targets| !targets.contains(&address)) => {}
            () = self.probe_path(address) => {}
        }
    }

    /// Probes one path; never returns.
    async fn probe_path(&self, address: SocketAddr) {
        sleep(FIRST_PROBE_WITHIN.mul_f64(rand::random())).await;
        let mut health = PathHealth::new(rand::random(), self.table().last_cause(address));
        loop {
            let size = health.next_size();
            let result = probe(address, size, self.source).await;
            let pause = if result.is_from(&self.node, &self.instance) {
                // This proxy itself, or the next one on this node: there is no network in between.
                self.table().record_self(address, result.from);
                SELF_PROBE_INTERVAL
            } else {
                health.record(size, result.outcome);
                if let Some(key) = result.report.as_ref().and_then(|report| report.udp) {
                    self.losses.learn(address, key, result.large_datagram);
                }
                let (loss, news) = self.losses.take(address);
                health.record_loss(loss, news);
                self.table().record(address, &mut health, result);
                health.pause()
            };
            tokio::select! {
                () = sleep(pause.mul_f64(0.8 + 0.4 * rand::random::<f64>())) => {}
                () = self.losses.large_lost(address) => health.suspect_large(),
            }
        }
    }
}

#[cfg(test)]
mod tests;
