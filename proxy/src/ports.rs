//! Checks the ports at which clients reach proxies: the published ports of the nodes, and virtual
//! addresses of services.
//!
//! The port of a node is judged while the proxy of that node answers probes, so that a node which is
//! drained, updated or lost is not reported twice; and by the other nodes, since from Docker 29.8 on a
//! task cannot reach its own node's address (moby/moby#53713).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use parking_lot::Mutex;
use protocol::node::{Node, NodeRef};
use protocol::port::{Port, PortKind, PortMeasurement, PortProblem};
use protocol::probe::ProbeFailure;
use protocol::target::Target;
use server::metrics::{Labels, node_labels, node_pair_labels};
use server::start::Start;
use tokio::time::sleep;
use tracing::{info, warn};

use crate::port_check::check;
use crate::port_health::{MAX_BACKENDS, PortHealth};
use crate::port_options::{PortOptions, PublishMode};
use crate::probe_targets::probe_targets;
use crate::prober::Prober;

/// Interval between checks of a published port that answers.
const INTERVAL: Duration = Duration::from_secs(10);

/// Interval between checks of a virtual address, behind which are many tasks, and of a port that fails.
const SHORT_INTERVAL: Duration = Duration::from_secs(5);

/// The pause before a port is looked at again that is not to be judged now.
const IDLE_PAUSE: Duration = Duration::from_secs(1);

/// The ports that a proxy checks.
pub(crate) struct Ports {
    node: Node,
    mode: PublishMode,
    is_configured: bool,
    prober: Arc<Prober>,
    /// What is known of those that are judged now.
    judged: Mutex<BTreeMap<(PortKind, Target), Judged>>,
}

struct Judged {
    port: Port,
    health: PortHealth,
    problem: Option<PortProblem>,
}

impl Ports {
    /// Begins to check ports, if there are any but those of this node.
    pub(crate) fn start(
        start: &mut Start,
        options: &PortOptions,
        prober: &Arc<Prober>,
    ) -> Arc<Self> {
        let node = start.identity().task.node.clone();
        let is_own = |port: &Port| port.node.as_ref().is_some_and(|of| of.may_be(&node));
        let (ports, mode) = (options.all(), options.publish);
        let is_configured = !ports.is_empty();
        let followed = ports.into_iter().filter(|port| !is_own(port));
        // Of nodes no more are judged than are probed.
        let (of_nodes, others): (Vec<_>, Vec<_>) = followed.partition(|port| port.node.is_some());
        let others = probe_targets(&node, &others);
        let (prober, judged) = (Arc::clone(prober), Mutex::default());
        let ports = Arc::new(Self { node, mode, is_configured, prober, judged });
        let read = Arc::clone(&ports);
        let help =
            "Published ports and virtual addresses that are broken, by cause: 1 while they are";
        start.metrics().flags("port_broken", help, move || read.labels());
        if is_configured {
            let following = Arc::clone(&ports);
            start.spawn("ports", async move {
                join_all(of_nodes.iter().chain(&others).map(|port| following.follow(port))).await;
                // All are this node's own.
                std::future::pending().await
            });
        }
        ports
    }

    /// Returns what is known of the ports, the broken ones first; none if none are to be checked.
    pub(crate) fn measurements(&self) -> Option<Vec<PortMeasurement>> {
        let judged = self.judged.lock();
        let measured = judged.values().map(|Judged { port, health, problem }| PortMeasurement {
            port: port.clone(),
            cause: *problem,
            answered: health.answered(),
            unreached: health.unreached(),
        });
        let mut measured: Vec<_> = measured.collect();
        measured.sort_by_key(|one| one.cause.is_none());
        self.is_configured.then_some(measured)
    }

    fn labels(&self) -> Vec<Labels> {
        let judged = self.judged.lock();
        let broken = judged.values().filter_map(|one| Some((&one.port, one.problem?)));
        let labels = broken.map(|(port, problem)| {
            let mut labels = match &port.node {
                Some(node) => node_pair_labels(&self.node, &NodeRef::Node(node.clone())),
                None => node_labels("from_node", "from_node_id", &self.node),
            };
            labels.push(("port", port.address.to_string()));
            labels.push(("cause", problem.name().to_owned()));
            labels
        });
        labels.collect()
    }

    /// Checks one port; never returns.
    async fn follow(&self, port: &Port) {
        sleep(SHORT_INTERVAL.mul_f64(rand::random())).await;
        loop {
            let pause = if self.subject(port).is_some() {
                let result = check(&port.address).await;
                self.record(port, result)
            } else {
                self.forget(port);
                IDLE_PAUSE
            };
            sleep(pause.mul_f64(0.8 + 0.4 * rand::random::<f64>())).await;
        }
    }

    /// Returns the port as it is reported, with its node's id, if it is to be judged now.
    fn subject(&self, port: &Port) -> Option<Port> {
        let Some(of) = &port.node else { return Some(port.clone()) };
        let node = self.prober.table().live_nodes().into_iter().find(|node| node.may_be(of));
        node.map(|node| Port { node: Some(node), ..port.clone() })
    }

    /// Records what came of a check, unless the port is not to be judged any more; returns the pause
    /// before the next one.
    fn record(&self, port: &Port, result: Result<Node, ProbeFailure>) -> Duration {
        let Some(subject) = self.subject(port) else {
            self.forget(port);
            return IDLE_PAUSE;
        };
        let is_shared = port.kind == PortKind::Virtual || self.mode == PublishMode::Ingress;
        let result = match (result, &port.node) {
            // It is this node's own, which is not judged.
            (Ok(node), None) if !is_shared && node == self.node => {
                self.forget(port);
                return INTERVAL;
            }
            (Ok(node), Some(of)) if !is_shared && !of.may_be(&node) => Err(PortProblem::WrongNode),
            (Ok(node), _) => Ok(node),
            (Err(cause), _) => Err(PortProblem::Failed(cause)),
        };
        let (mut expected, mut backends) = (Vec::new(), 1);
        if is_shared {
            let table = self.prober.table();
            backends = table.listed();
            // Where there are more, others may be reached.
            if port.kind == PortKind::Virtual && backends <= MAX_BACKENDS {
                expected = table.live_nodes();
                expected.push(self.node.clone());
            }
        }
        let mut judged = self.judged.lock();
        let new = Judged { port: subject, health: PortHealth::default(), problem: None };
        let known = judged.entry((port.kind, port.address.clone())).or_insert(new);
        known.health.record(result, backends, &expected);
        known.note_change();
        let is_short = port.kind == PortKind::Virtual || known.health.is_failing();
        if is_short { SHORT_INTERVAL } else { INTERVAL }
    }

    fn forget(&self, port: &Port) {
        self.judged.lock().remove(&(port.kind, port.address.clone()));
    }
}

impl Judged {
    /// Logs if what is wrong has changed.
    fn note_change(&mut self) {
        let now = self.health.problem();
        let before = std::mem::replace(&mut self.problem, now);
        match now {
            Some(problem) if before != now => {
                warn!(port = %self.port, cause = problem.name(), "port broken")
            }
            None if before.is_some() => info!(port = %self.port, "port ok"),
            _ => {}
        }
    }
}
