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

/// Waits until there are this many endpoints, in little more than two seconds of the test's time.
async fn until_count(endpoints: &Endpoints, wanted: usize) {
    let reached = async {
        let mut revision = endpoints.subscribe();
        while count(endpoints) != wanted {
            revision.changed().await.expect("a sender");
        }
    };
    timeout(Duration::from_millis(2100), reached).await.expect("seen within 2 s");
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
