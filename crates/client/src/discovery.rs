//! Keeps endpoints up to date with DNS.
//!
//! Every name is resolved to all its addresses, again each second, or two at rest, and at once after a
//! failure, by the system's resolver and without a cache: Docker answers with a TTL of 600 s, and a cached
//! answer would keep dead tasks in play that long (moby/moby#30029). Endpoints that are new or back
//! off are checked in the background, so that no rally has to find out that one is not there. A
//! check is a request, since the kernel accepts connections for a process that hangs, and an address
//! may be another service's by now.

use std::collections::HashSet;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use protocol::timing::{LOOKUP_INTERVAL, REST_INTERVAL};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep_until, timeout};
use tracing::{debug, info, warn};

use crate::endpoint::{Endpoint, Peer};
use crate::endpoints::Endpoints;
use crate::fault::Fault;
use crate::resolver::{LastKnown, Resolve, SystemResolver, failure_log};
use crate::targets::Targets;
use crate::{own_time, rounds};

/// The least time between two lookups, however much fails.
const MIN_LOOKUP_INTERVAL: Duration = Duration::from_millis(50);

/// How long an endpoint that is new or backed off may take to answer a check.
const CHECK_TIMEOUT: Duration = Duration::from_secs(1);

/// How long those who wait for a refresh wait for the checks of new endpoints too.
const REFRESH_CHECKS: Duration = Duration::from_millis(250);

/// How long a service that starts waits for the first lookup, and for the first connections.
const STARTUP_WAIT: Duration = Duration::from_millis(20);

/// The discovery of one service's tasks.
pub struct Discovery {
    targets: Targets,
    resolver: Arc<dyn Resolve>,
    last_known: LastKnown,
    endpoints: Arc<Endpoints>,
    /// The addresses at which another service answers.
    misdirected: HashSet<SocketAddr>,
}

impl Discovery {
    /// Makes a discovery that asks the system's resolver.
    #[must_use]
    pub fn new(peer: Peer, targets: Targets) -> Self {
        Self::with_resolver(peer, targets, SystemResolver::shared())
    }

    /// Makes a discovery that asks another resolver.
    #[must_use]
    pub fn with_resolver(peer: Peer, targets: Targets, resolver: Arc<dyn Resolve>) -> Self {
        let endpoints = Arc::new(Endpoints::new(peer));
        let last_known = LastKnown::default();
        Self { targets, resolver, last_known, endpoints, misdirected: HashSet::new() }
    }

    /// Returns the endpoints that this discovery keeps up to date.
    #[must_use]
    pub fn endpoints(&self) -> Arc<Endpoints> {
        Arc::clone(&self.endpoints)
    }

    /// Looks up and connects for the first time. A resolver or a task that is slow does not hold up
    /// the start of a service for longer than 40 ms.
    pub async fn look_once(&mut self) {
        let _ = timeout(STARTUP_WAIT, self.look_up()).await;
        let new = self.endpoints.due();
        let connecting = new.iter().map(|endpoint| self.connect(endpoint.address));
        let _ = timeout(STARTUP_WAIT, join_all(connecting)).await;
    }

    /// Keeps the endpoints up to date; never returns.
    pub async fn run(mut self) -> Infallible {
        let mut turns = self.endpoints.turns();
        loop {
            // Not after the checks: one that hangs would delay the next lookup.
            let begun = Instant::now();
            self.look_up().await;
            self.check_all_and_refresh().await;
            let before = std::mem::replace(&mut turns, self.endpoints.turns());
            let is_called = turns != before;
            let next =
                rounds::after(begun, if is_called { LOOKUP_INTERVAL } else { REST_INTERVAL });
            let next = self.endpoints.next_due().map_or(next, |due| due.min(next));
            let earliest = Instant::now() + MIN_LOOKUP_INTERVAL;
            tokio::select! {
                () = sleep_until(next.max(earliest)) => {}
                () = self.endpoints.refresh_requested() => sleep_until(earliest).await,
            }
        }
    }

    async fn look_up(&mut self) {
        let lookups = self.targets.iter();
        let lookups = lookups.map(async |target| (target, self.resolver.resolve(target).await));
        let mut found = Vec::new();
        for (target, answer) in join_all(lookups).await {
            if let Err(error) = answer {
                failure_log::log(target, error);
            }
            for address in self.last_known.update(target, answer.ok()) {
                if !found.contains(&address) {
                    found.push(address);
                }
            }
        }
        let (added, removed) = self.endpoints.update(&found);
        for address in added {
            info!(service = self.endpoints.service(), %address, "endpoint added");
        }
        for address in removed {
            info!(service = self.endpoints.service(), %address, "endpoint removed");
        }
    }

    /// Checks all endpoints that are due; those who wait for a refresh are notified when all have
    /// answered, or after a moment.
    async fn check_all_and_refresh(&mut self) {
        let endpoints = self.endpoints();
        let mut checks = pin!(self.check_all());
        let all_answered = timeout(REFRESH_CHECKS, &mut checks).await.is_ok();
        endpoints.refreshed();
        if !all_answered {
            checks.await;
        }
    }

    /// Checks all endpoints that are new or have backed off long enough.
    async fn check_all(&mut self) {
        let service = self.endpoints.service();
        let checks = self.endpoints.due().into_iter().map(|endpoint| self.check(endpoint));
        for (address, fault) in join_all(checks).await {
            // Said once of an address, since it may be listed there for hours.
            if fault != Some(Fault::WrongService) {
                self.misdirected.remove(&address);
            } else if self.misdirected.insert(address) {
                warn!(service, %address, "stale DNS: another service answers at this address");
            }
        }
        self.misdirected.retain(|address| self.endpoints.is_listed(*address));
    }

    /// Connects to a new endpoint, which makes it ready.
    async fn connect(&self, address: SocketAddr) -> Result<(), Fault> {
        TcpStream::connect(address).await.map_err(|error| Fault::from(&error))?;
        self.endpoints.connected(address);
        Ok(())
    }

    /// Asks an endpoint whether the service that is meant answers there.
    async fn ask(&self, endpoint: &Endpoint) -> Result<(), Fault> {
        if self.endpoints.is_new(endpoint.address) {
            self.connect(endpoint.address).await?;
        }
        endpoint.greet().await
    }

    /// Checks an endpoint; returns what is wrong with it.
    async fn check(&self, endpoint: Endpoint) -> (SocketAddr, Option<Fault>) {
        let address = endpoint.address;
        let (answer, _) = own_time::timeout(CHECK_TIMEOUT, self.ask(&endpoint)).await;
        let fault = answer.unwrap_or(Err(Fault::Timeout)).err();
        match fault {
            None => self.endpoints.checked(address),
            Some(fault) => {
                debug!(service = self.endpoints.service(), %address, %fault, "check failed");
                self.endpoints.back_off(address);
            }
        }
        (address, fault)
    }
}

#[cfg(test)]
pub(crate) mod tests;
