//! Keeps endpoints up to date with DNS.
//!
//! Every name is resolved to all its addresses, again each second and at once after a failure, by
//! the system's resolver and without a cache: Docker answers with a TTL of 600 s, and a cached
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
use protocol::timing::LOOKUP_INTERVAL;
use reqwest::Method;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tracing::{debug, info, warn};

use crate::endpoint::{Endpoint, Peer};
use crate::endpoints::Endpoints;
use crate::fault::Fault;
use crate::own_time;
use crate::resolver::{LastKnown, Resolve, SystemResolver, failure_log};
use crate::targets::Targets;

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
    peer: Peer,
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
        Self {
            peer,
            targets,
            resolver,
            last_known: LastKnown::default(),
            endpoints,
            misdirected: HashSet::new(),
        }
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
        loop {
            self.look_up().await;
            self.check_all_and_refresh().await;
            let next = Instant::now() + LOOKUP_INTERVAL;
            let next = self.endpoints.next_due().map_or(next, |due| due.min(next));
            sleep(MIN_LOOKUP_INTERVAL).await;
            tokio::select! {
                () = sleep_until(next) => {}
                () = self.endpoints.refresh_requested() => {}
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
            info!(service = self.peer.name(), %address, "endpoint added");
        }
        for address in removed {
            info!(service = self.peer.name(), %address, "endpoint removed");
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
        let service = self.peer.name();
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
        endpoint.send(endpoint.request(Method::OPTIONS, "/", None)).await.map(drop)
    }

    /// Checks an endpoint; returns what is wrong with it.
    async fn check(&self, endpoint: Endpoint) -> (SocketAddr, Option<Fault>) {
        let address = endpoint.address;
        let answer = own_time::timeout(CHECK_TIMEOUT, self.ask(&endpoint)).await;
        let fault = answer.unwrap_or(Err(Fault::Timeout)).err();
        match fault {
            None => self.endpoints.checked(address),
            Some(fault) => {
                debug!(service = self.peer.name(), %address, %fault, "check failed");
                self.endpoints.failed(address);
            }
        }
        (address, fault)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::HashMap;

    use futures_util::future::BoxFuture;
    use parking_lot::Mutex;
    use protocol::service::Service;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;
    use crate::endpoints::Counts;
    use crate::resolver::{LookupCause, LookupError};

    pub(crate) const TARGET: &str = "tasks.ping:3000";

    /// A resolver whose answers the test sets; a missing name fails to resolve.
    #[derive(Default)]
    pub(crate) struct FakeDns(Mutex<HashMap<String, Vec<SocketAddr>>>);

    impl FakeDns {
        pub(crate) fn set(&self, name: &str, addresses: &[SocketAddr]) {
            self.0.lock().insert(name.to_owned(), addresses.to_vec());
        }
    }

    impl Resolve for FakeDns {
        fn resolve<'a>(
            &'a self,
            target: &'a str,
        ) -> BoxFuture<'a, Result<Vec<SocketAddr>, LookupError>> {
            let answer = self.0.lock().get(target).cloned();
            let failure = LookupError { cause: LookupCause::NoSuchName, server: None };
            Box::pin(async move { answer.ok_or(failure) })
        }
    }

    /// Discovers what the fake DNS lists for [`TARGET`].
    pub(crate) async fn discover(dns: &Arc<FakeDns>) -> Arc<Endpoints> {
        let targets = TARGET.parse().expect("a target");
        let resolver = Arc::<FakeDns>::clone(dns);
        let mut discovery = Discovery::with_resolver(Service::Manager.into(), targets, resolver);
        discovery.look_once().await;
        let endpoints = discovery.endpoints();
        tokio::spawn(discovery.run());
        endpoints
    }

    fn count(endpoints: &Endpoints) -> usize {
        endpoints.listed().len()
    }

    /// Waits until there are this many endpoints, in at most two seconds of the test's time.
    async fn until_count(endpoints: &Endpoints, wanted: usize) {
        let reached = async {
            let mut revision = endpoints.subscribe();
            while count(endpoints) != wanted {
                revision.changed().await.expect("a sender");
            }
        };
        timeout(Duration::from_secs(2), reached).await.expect("seen within 2 s");
    }

    fn address(n: u8) -> SocketAddr {
        ([10, 0, 9, n], 3000).into()
    }

    #[tokio::test(start_paused = true)]
    async fn endpoints_follow_dns_within_two_seconds() {
        let dns = Arc::new(FakeDns::default());
        dns.set(TARGET, &[address(1)]);
        let endpoints = discover(&dns).await;
        assert_eq!(count(&endpoints), 1, "known before the service listens");
        dns.set(TARGET, &[address(2), address(1)]);
        until_count(&endpoints, 2).await;
        dns.set(TARGET, &[address(2)]);
        until_count(&endpoints, 1).await;
        assert_eq!(endpoints.next(&[]).map(|endpoint| endpoint.address), Some(address(2)));
    }

    #[tokio::test(start_paused = true)]
    async fn the_last_answer_is_used_for_five_seconds_while_the_resolver_fails() {
        let dns = Arc::new(FakeDns::default());
        dns.set(TARGET, &[address(1)]);
        let endpoints = discover(&dns).await;
        dns.0.lock().clear();
        let begun = Instant::now();
        endpoints.refresh(LOOKUP_INTERVAL).await;
        assert_eq!(count(&endpoints), 1, "still used");
        let mut revision = endpoints.subscribe();
        while count(&endpoints) == 1 {
            revision.changed().await.expect("a sender");
        }
        let used = begun.elapsed();
        assert!((4..=6).contains(&used.as_secs()), "{used:?}");
    }

    #[tokio::test]
    async fn an_endpoint_backing_off_returns_once_it_answers_a_check() {
        let dns = Arc::new(FakeDns::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        tokio::spawn(async move {
            while let Ok((mut connection, _)) = listener.accept().await {
                let answer = b"HTTP/1.1 204 No Content\r\nPong-From: manager\r\n\r\n";
                // A connection without a request is the first step of a check.
                if connection.read(&mut [0; 1024]).await.is_ok_and(|length| length > 0) {
                    connection.write_all(answer).await.expect("sent");
                }
            }
        });
        dns.set(TARGET, &[address]);
        let endpoints = discover(&dns).await;
        endpoints.failed(address);
        assert_eq!(endpoints.counts(), Counts { ready: 0, backing_off: 1 });
        let mut revision = endpoints.subscribe();
        let back = async {
            while endpoints.counts().ready == 0 {
                revision.changed().await.expect("a sender");
            }
        };
        timeout(Duration::from_secs(60), back).await.expect("connected again");
    }
}
