//! What the requests to a proxy share.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use client::endpoints::Endpoints;
use client::fault::Fault;
use hyper::header::HeaderMap;
use protocol::headers::{MANAGER, via};
use protocol::task::Task;
use server::log::{LogLimiter, SAME_FAULT};
use server::metrics::Timer;
use server::permits::Permits;
use server::start::Start;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::metrics::Metrics;

/// Maximum number of requests that wait for an upstream at once. Each costs a connection here and
/// one there, some 50 KB together; more at once would not be answered any sooner.
const MAX_UPSTREAM_REQUESTS: usize = 16;

/// How long the queue for an upstream may stand still before those who are asked count as hanging.
const UPSTREAM_STALLED: Duration = Duration::from_secs(1);

/// The last outcome of a health check, and when it was found.
pub(crate) type LastHealth = tokio::sync::Mutex<Option<(Instant, Result<(), String>)>>;

/// The state of a proxy.
pub(crate) struct Proxy {
    /// The node it runs on, as headers name it.
    pub(crate) node: String,
    pub(crate) managers: Arc<Endpoints>,
    pub(crate) scoreboards: Arc<Endpoints>,
    /// One permit for each request that may wait for an upstream.
    pub(crate) upstream_permits: Arc<Permits>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) health: LastHealth,
    /// The value of `Via`.
    pub(crate) via: String,
    pub(crate) metrics: Metrics,
    log_limiter: Arc<LogLimiter>,
}

impl Proxy {
    /// Makes the state of a proxy that starts, and registers its metrics.
    pub(crate) fn new(
        managers: Arc<Endpoints>,
        scoreboards: Arc<Endpoints>,
        start: &mut Start,
    ) -> Self {
        let identity = start.identity().clone();
        let upstream_permits = Permits::new(MAX_UPSTREAM_REQUESTS, UPSTREAM_STALLED);
        let permits = Arc::clone(&upstream_permits);
        let in_flight = move || permits.in_use();
        Self {
            managers,
            scoreboards,
            upstream_permits,
            shutdown: start.shutdown().clone(),
            health: LastHealth::default(),
            via: via(&identity.task.node.name, &identity.release),
            metrics: Metrics::register(start.metrics(), &identity, in_flight),
            log_limiter: start.log_limiter(),
            node: identity.task.node.to_string(),
        }
    }

    /// Returns whether clients can be given to this proxy: not before it knows the managers, or knows
    /// that there are none.
    pub(crate) fn healthy(&self) -> Result<(), String> {
        let known = self.managers.looked_up();
        if known { Ok(()) } else { Err("managers not looked up yet".to_owned()) }
    }

    /// Returns whether rallies can be played.
    pub(crate) fn ready(&self) -> Result<(), String> {
        let reachable = self.managers.is_reachable();
        if reachable { Ok(()) } else { Err("no manager reachable".to_owned()) }
    }

    /// Returns what measures a rally; nothing does unless a manager says that it played it.
    pub(crate) fn rally_timer(&self, headers: &HeaderMap, begun: Instant) -> Option<Timer> {
        let manager: Task = headers.get(MANAGER)?.to_str().ok()?.parse().ok()?;
        Some(Timer::since(begun, self.metrics.rally_duration.to(&manager.node)))
    }

    /// Counts and logs that an upstream did not answer, and has it back off.
    pub(crate) fn record_fault(&self, upstream: &Endpoints, address: SocketAddr, fault: Fault) {
        upstream.failed(address);
        let service = upstream.service();
        self.metrics.upstream_fault(service, fault);
        let kind = format!("{service} failed: {address}: {fault}");
        if self.log_limiter.allow(&kind, SAME_FAULT) {
            warn!(upstream = service, %address, %fault, "upstream failed, trying another");
        }
    }
}
