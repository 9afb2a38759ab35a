//! Keeps a roster true to what DNS says now.
//!
//! Every name is resolved to all its addresses, again each second and at once after a failure, by
//! the system's resolver and without a cache: Docker answers with a TTL of 600 s, and a cached
//! answer would keep dead tasks in play that long (moby/moby#30029). Addresses that are new or
//! rest are knocked at in the background, so that no rally has to find out that one is not there.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info};

use crate::peers::Peers;
use crate::roster::Roster;
use crate::task::Task;

/// The time between two looks when nothing fails.
const EVERY: Duration = Duration::from_secs(1);

/// The least time between two looks, however much fails.
const AT_MOST_EVERY: Duration = Duration::from_millis(50);

/// How long the last good answer for a name serves when looking it up fails. It must outlast a
/// look-up whose packet was lost, which fails 3 s after the last good answer ([`EVERY`] and
/// [`LOOK_UP`]), so that a DNS server that hiccups costs nothing; a service that is gone is still
/// forgotten soon.
const LAST_ANSWER_SERVES: Duration = Duration::from_secs(5);

/// How long one look-up may take. Docker passes names it does not know on to the outside, and where
/// that is closed the resolver hangs for many seconds.
const LOOK_UP: Duration = Duration::from_secs(2);

/// How long an address that is new or rested may take to accept a connection.
const KNOCK: Duration = Duration::from_secs(1);

/// How long a service that starts waits for the first look, and for the first knocks.
const AT_START: Duration = Duration::from_millis(20);

/// Resolves `HOST:PORT` to all its addresses.
pub trait Resolve: Send + Sync {
    /// Looks one `HOST:PORT` up.
    fn resolve<'a>(&'a self, peer: &'a str) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>>;
}

/// Asks the system's resolver, as `/etc/resolv.conf` and `/etc/hosts` configure it.
#[derive(Clone, Copy, Debug)]
struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, peer: &'a str) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host(peer).await?.collect()) })
    }
}

/// Finds the tasks of one service for one of ours.
pub struct Discovery {
    /// Whose roster it is, for the log.
    pub me: Task,
    /// What that task's service is, for the log.
    pub service: &'static str,
    /// What is looked for, for the log: `ping`, `manager`, …
    pub sought: &'static str,
    /// Where to look.
    pub peers: Peers,
    /// How to look.
    pub resolver: Arc<dyn Resolve>,
}

impl Discovery {
    /// Looks with the system's resolver.
    #[must_use]
    pub fn by_system(service: &'static str, me: &Task, sought: &'static str, peers: Peers) -> Self {
        Self { me: me.clone(), service, sought, peers, resolver: Arc::new(SystemResolver) }
    }

    /// Returns a roster that is true from now until `stop`; the first look is over on return.
    pub async fn start(self, stop: CancellationToken) -> Arc<Roster> {
        let roster = Arc::new(Roster::default());
        let mut answers = Answers::default();
        // A resolver or a peer that is slow at the start must not keep the service from its ports.
        let _ = timeout(AT_START, self.look(&roster, &mut answers)).await;
        let _ = timeout(AT_START, self.knock_at_all(&roster)).await;
        let following = Arc::clone(&roster);
        tokio::spawn(async move {
            stop.run_until_cancelled(self.follow(&following, answers)).await;
        });
        roster
    }

    async fn follow(&self, roster: &Roster, mut answers: Answers) {
        loop {
            self.look(roster, &mut answers).await;
            roster.looked.notify_waiters();
            self.knock_at_all(roster).await;
            let next = Instant::now() + EVERY;
            let next = roster.next_due().map_or(next, |due| due.min(next));
            sleep(AT_MOST_EVERY).await;
            tokio::select! {
                () = sleep_until(next) => {}
                () = roster.wanted.notified() => {}
            }
        }
    }

    async fn look(&self, roster: &Roster, answers: &mut Answers) {
        let looks = self.peers.iter().map(async |peer| {
            let answer = timeout(LOOK_UP, self.resolver.resolve(peer)).await;
            (peer, answer.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into())))
        });
        let mut found = Vec::new();
        for (peer, answer) in join_all(looks).await {
            if let Err(error) = &answer {
                debug!(
                    service = self.service, task = %self.me.name, node = %self.me.node, peer, %error,
                    "name not found"
                );
            }
            for address in answers.keep(peer, answer.ok()) {
                if !found.contains(&address) {
                    found.push(address);
                }
            }
        }
        let (came, went) = roster.update(&found);
        for (addresses, what) in [(came, "appeared"), (went, "vanished")] {
            for address in addresses {
                info!(
                    service = self.service, task = %self.me.name, node = %self.me.node,
                    sought = self.sought, %address, "{what}"
                );
            }
        }
    }

    /// Knocks at all that are new or have rested long enough.
    async fn knock_at_all(&self, roster: &Roster) {
        join_all(roster.due().into_iter().map(|address| self.knock(roster, address))).await;
    }

    async fn knock(&self, roster: &Roster, address: SocketAddr) {
        if let Ok(Ok(_)) = timeout(KNOCK, TcpStream::connect(address)).await {
            roster.reached(address);
        } else {
            roster.failed(address);
        }
    }
}

/// Remembers each name's last good answer and when it came.
#[derive(Default)]
struct Answers(HashMap<String, (Instant, Vec<SocketAddr>)>);

impl Answers {
    /// Returns the new answer in a settled order, or the last good one while it serves.
    fn keep(&mut self, peer: &str, answer: Option<Vec<SocketAddr>>) -> Vec<SocketAddr> {
        if let Some(mut addresses) = answer {
            // Resolvers rotate or sort as they like; turns need one order.
            addresses.sort_unstable();
            self.0.insert(peer.to_owned(), (Instant::now(), addresses.clone()));
            return addresses;
        }
        match self.0.get(peer) {
            Some((when, addresses)) if when.elapsed() < LAST_ANSWER_SERVES => addresses.clone(),
            _ => Vec::new(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Answers from a table that the test changes; a missing name fails to resolve.
    #[derive(Default)]
    pub(crate) struct Table(Mutex<HashMap<String, Vec<SocketAddr>>>);

    impl Table {
        pub(crate) fn set(&self, name: &str, addresses: &[SocketAddr]) {
            self.0.lock().expect("whole").insert(name.to_owned(), addresses.to_vec());
        }
    }

    impl Resolve for Table {
        fn resolve<'a>(&'a self, peer: &'a str) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
            let answer = self.0.lock().expect("whole").get(peer).cloned();
            Box::pin(async move { answer.ok_or_else(|| io::ErrorKind::NotFound.into()) })
        }
    }

    async fn start(table: &Arc<Table>) -> Arc<Roster> {
        let discovery = Discovery {
            me: "manager.1@pi1".parse().expect("a task"),
            service: "manager",
            sought: "ping",
            peers: "tasks.ping:3000".parse().expect("a peer"),
            resolver: Arc::<Table>::clone(table),
        };
        discovery.start(CancellationToken::new()).await
    }

    /// Waits until the roster has this many addresses, in at most two seconds of the test's time.
    async fn until_count(roster: &Roster, count: usize) {
        let reached = async {
            while roster.count().0 != count {
                roster.looked.notified().await;
            }
        };
        timeout(Duration::from_secs(2), reached).await.expect("seen within 2 s");
    }

    fn address(n: u8) -> SocketAddr {
        ([10, 0, 9, n], 3000).into()
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_that_appears_is_on_the_roster_within_two_seconds_and_leaves_it_as_soon() {
        let table = Arc::new(Table::default());
        table.set("tasks.ping:3000", &[address(1)]);
        let roster = start(&table).await;
        assert_eq!(roster.count().0, 1, "known before the service serves");
        table.set("tasks.ping:3000", &[address(2), address(1)]);
        until_count(&roster, 2).await;
        table.set("tasks.ping:3000", &[address(2)]);
        until_count(&roster, 1).await;
        assert_eq!(roster.next(&[]), Some(address(2)));
    }

    #[tokio::test(start_paused = true)]
    async fn a_resolver_that_fails_keeps_the_last_answer_for_five_seconds() {
        let table = Arc::new(Table::default());
        table.set("tasks.ping:3000", &[address(1)]);
        let roster = start(&table).await;
        table.0.lock().expect("whole").clear();
        let begun = Instant::now();
        roster.look_again(EVERY).await;
        assert_eq!(roster.count().0, 1, "still serves");
        while roster.count().0 == 1 {
            roster.looked.notified().await;
        }
        let served = begun.elapsed();
        assert!((4..=6).contains(&served.as_secs()), "{served:?}");
    }

    #[tokio::test]
    async fn an_address_that_rests_is_knocked_at_and_comes_back_when_it_accepts() {
        let table = Arc::new(Table::default());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        table.set("tasks.ping:3000", &[address]);
        let roster = start(&table).await;
        roster.failed(address);
        assert_eq!(roster.count(), (1, 1));
        let back = async {
            while roster.count() != (1, 0) {
                roster.looked.notified().await;
            }
        };
        timeout(Duration::from_secs(10), back).await.expect("knocked at and reached");
    }
}
