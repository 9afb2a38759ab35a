//! One endpoint of a service, and what is known of it.

use std::net::SocketAddr;

use tokio::time::Instant;

use crate::backoff::Backoff;
use crate::endpoint::{Endpoint, Peer};
use crate::latency::Latency;

/// An endpoint and what is known of it.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) endpoint: Endpoint,
    pub(super) backoff: Backoff,
    pub(super) latency: Latency,
    /// When it is to be checked again; none while it is ready.
    pub(super) retry_at: Option<Instant>,
    /// Whether the service that was meant has answered there.
    pub(super) proven: bool,
}

impl Member {
    /// Returns one that is new, and due to be checked at once.
    pub(super) fn new(address: SocketAddr, peer: Peer) -> Self {
        let endpoint = Endpoint::new(address, peer);
        Self {
            endpoint,
            backoff: Backoff::default(),
            latency: Latency::default(),
            retry_at: Some(Instant::now()),
            proven: false,
        }
    }

    /// Returns whether it has been neither used nor checked.
    pub(super) const fn is_new(&self) -> bool {
        !self.is_ready() && self.backoff.failures() == 0
    }

    /// Returns whether it is not backing off.
    pub(super) const fn is_ready(&self) -> bool {
        self.retry_at.is_none()
    }
}
