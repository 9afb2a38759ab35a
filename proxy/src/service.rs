//! Starts a proxy and holds what its requests share.

use std::io;
use std::sync::Arc;

use actix_web::web;
use court::admin::{Admin, WhoAmI};
use court::client::client;
use court::discovery::Discovery;
use court::fault::Fault;
use court::headers::MANAGER;
use court::log::{Quota, SAME_FAULT};
use court::metrics::{Latencies, Metrics};
use court::peers::Peers;
use court::roster::Roster;
use court::serve::{Doors, serve_with};
use court::task::Task;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use reqwest::Response;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::answer::Timed;
use crate::knock_up::{KnockUp, operators};
use crate::{Options, forward};

/// How many requests may be waiting for an upstream at once. Each costs a connection here and one
/// there, some 50 KB together; more at once would not be answered any sooner.
const AT_ONCE: usize = 16;

/// What a proxy calls itself in logs and metrics.
const SERVICE: &str = "proxy";

/// Holds what all requests of a proxy share.
pub(crate) struct Proxy {
    pub(crate) me: Task,
    pub(crate) managers: Upstream,
    pub(crate) scoreboards: Upstream,
    /// One turn for each request that may be waiting for an upstream.
    pub(crate) turns: Semaphore,
    pub(crate) stop: CancellationToken,
    /// What `Via` says of it.
    pub(crate) via: String,
    faults: Family<Cause, Counter>,
    rallies: Latencies,
    lines: Quota,
}

/// Names one of the two services a proxy passes requests on to, and knows its tasks.
pub(crate) struct Upstream {
    pub(crate) service: &'static str,
    pub(crate) roster: Arc<Roster>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Cause {
    upstream: &'static str,
    cause: &'static str,
}

/// Keeps the door until `stop` is cancelled and every request in flight is answered.
///
/// # Errors
///
/// The system's, when the ports cannot be served.
pub async fn run(
    options: Options,
    me: Task,
    doors: Doors,
    workers: usize,
    stop: CancellationToken,
) -> io::Result<()> {
    let metrics = Metrics::new(SERVICE, &me, doors.release());
    let help = "How long rallies at full speed took, by the nodes of proxy and manager";
    let rallies = metrics.latencies("rally", help, &me.node);
    let faults = Family::<Cause, Counter>::default();
    for upstream in ["manager", "scoreboard"] {
        for cause in Fault::NAMES {
            // There from the start: a counter that appears with its first fault has not grown, for
            // Prometheus.
            drop(faults.get_or_create(&Cause { upstream, cause }));
        }
    }
    metrics.register(|registry| {
        let help = "Requests an upstream did not answer, by upstream and cause";
        registry.register("proxy_faults", help, faults.clone());
    });
    let upstream = async |service, peers: Peers| {
        let discovery = Discovery::by_system(SERVICE, &me, service, peers);
        let roster = discovery.start(stop.clone()).await;
        metrics.roster(service, &roster);
        Upstream { service, roster }
    };
    let managers = upstream("manager", options.managers).await;
    let scoreboards = upstream("scoreboard", options.scoreboards).await;
    let knock_up = KnockUp::start(&me, doors.admin(), options.proxies, &metrics, &stop).await;
    let proxy = Arc::new(Proxy {
        managers,
        scoreboards,
        turns: Semaphore::new(AT_ONCE),
        via: format!("1.1 {} (swarm-pong/{})", me.node, doors.release()),
        stop: stop.clone(),
        faults,
        rallies,
        lines: Quota::default(),
        me,
    });
    let busy = Arc::clone(&proxy);
    let help = "Requests that wait for the beginning of an answer now, at most 16";
    metrics.gauge("proxy_in_flight", help, move || AT_ONCE - busy.turns.available_permits());
    let door = Arc::clone(&proxy);
    let ready = Arc::new(move || match door.managers.roster.count() {
        (known, resting) if known == resting => Err("no manager within reach".to_owned()),
        _ => Ok(()),
    });
    let admin = Admin { whoami: WhoAmI::new(SERVICE, proxy.me.clone()), ready, metrics, stop };
    let logged = Arc::clone(&proxy);
    let public = move |config: &mut web::ServiceConfig| {
        config
            .app_data(web::Data::from(Arc::clone(&proxy)))
            .app_data(web::Data::new(client()))
            .default_service(web::to(forward::forward));
    };
    let serving = serve_with(doors, admin, workers, public, operators(knock_up));
    logged.lines.around(SERVICE, &logged.me, serving).await
}

impl Proxy {
    /// Returns what measures a rally; nothing does when no manager says that it played it.
    pub(crate) fn timed(&self, answer: &Response, begun: Instant) -> Option<Timed> {
        let manager = answer.headers().get(MANAGER).and_then(|name| name.to_str().ok());
        let manager: Task = manager.filter(|_| answer.status().is_success())?.parse().ok()?;
        Some(Timed { latency: self.rallies.to(&manager.node), begun })
    }

    /// Counts and logs what an upstream did instead of answering, and has it rest.
    pub(crate) fn fault(&self, upstream: &Upstream, address: std::net::SocketAddr, fault: Fault) {
        upstream.roster.failed(address);
        let cause = Cause { upstream: upstream.service, cause: fault.name() };
        self.faults.get_or_create(&cause).inc();
        let what = upstream.service;
        if self.lines.admits(format!("{what} failed: {address}: {fault}"), SAME_FAULT) {
            warn!(
                service = SERVICE, task = %self.me.name, node = %self.me.node, upstream = what,
                %address, %fault, "upstream failed; trying the next"
            );
        }
    }
}
