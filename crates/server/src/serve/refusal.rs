//! Why a client was refused: counted, and logged within the log's limits.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use tracing::warn;

use crate::log::{LogLimiter, Rate};
use crate::metrics::{Metrics, zero};

/// The rate of lines about one reason.
const RATE: Rate = Rate { burst: 1, per: Duration::from_secs(10) };

/// Why a client was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// All places were taken, and the server had waited longest for this client.
    AtLimit,
    /// Too much was kept of what clients do not read or do not complete, and the server had waited longest
    /// for this one.
    Slow,
    /// The head of a request was too long.
    HeadTooLarge,
    /// The head of a request took too long.
    HeadTooSlow,
    /// What the client sent is not HTTP.
    Malformed,
    /// The body of a request was too long, or had no length.
    Body,
    /// Too many responses were already sent as they came.
    TooManyStreams,
}

impl Refusal {
    const ALL: [Self; 7] = [
        Self::AtLimit,
        Self::Slow,
        Self::HeadTooLarge,
        Self::HeadTooSlow,
        Self::Malformed,
        Self::Body,
        Self::TooManyStreams,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::AtLimit => "at_limit",
            Self::Slow => "slow",
            Self::HeadTooLarge => "head_too_large",
            Self::HeadTooSlow => "head_too_slow",
            Self::Malformed => "malformed",
            Self::Body => "body",
            Self::TooManyStreams => "too_many_streams",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    reason: &'static str,
}

/// The refusals of a service; clones share their counts.
#[derive(Clone, Debug)]
pub(crate) struct Refusals {
    counts: Family<Labels, Counter>,
    log_limiter: Arc<LogLimiter>,
}

impl Refusals {
    /// Registers the counts as `pong_connections_refused_total`.
    pub(crate) fn register(metrics: &mut Metrics, log_limiter: Arc<LogLimiter>) -> Self {
        let counts = Family::default();
        zero(&counts, Refusal::ALL.map(|reason| Labels { reason: reason.name() }));
        let help = "Connections that were ended for what their client did or did not do, by reason";
        metrics.registry().register("connections_refused", help, counts.clone());
        Self { counts, log_limiter }
    }

    /// Counts and logs a refusal.
    pub(super) fn count(&self, reason: Refusal, client: IpAddr) {
        let reason = reason.name();
        self.counts.get_or_create(&Labels { reason }).inc();
        if self.log_limiter.allow(&format!("connection refused: {reason}"), RATE) {
            warn!(reason, %client, "connection refused");
        }
    }
}
