//! The open connections of a port: how many there may be, and which one makes room for another.
//!
//! There is no limit for one address, since behind a reverse proxy or Docker's ingress all clients
//! share one. A connection too many takes the place of another: the address with most connections
//! loses the one for whose client the server has waited longest, for a request, for the rest of one, or
//! for it to read. If none has been waited for, it has to wait itself, and those after it in the
//! kernel's queue; they take turns, since connections that are not new close after their response.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::{Instant, timeout};

use super::refusal::{Refusal, Refusals};

/// Maximum number of bytes, of all connections, of complete responses that clients have yet to read and
/// of requests that they have yet to complete.
const MAX_HELD_BYTES: usize = 4 * 1024 * 1024;

/// How many bytes a connection has in buffers while its client does not read: 16 KB here, and in the
/// kernel.
const BUFFER_BYTES: usize = 24 * 1024;

/// Maximum number of connections that keep their buffers while they are not used.
const MAX_WITH_BUFFERS: usize = 128;

/// Maximum number of responses that are sent as they come, such as events and rallies with a pace. In
/// a proxy each costs 28 KB, for the connection to the client and the one to the upstream.
const MAX_STREAMS: usize = 128;

/// Maximum number of requests that are being answered, but for those whose clients have part of the
/// response. Each has actix's buffers, 16 KB; more at once would not be answered any sooner.
const MAX_ANSWERING: usize = 64;

/// How long the server waits for a client at least before its connection may be ended for another's
/// sake; a client that uses its connection sends the next request sooner.
const MIN_WAIT: Duration = Duration::from_millis(250);

/// How long a connection is used at least while others wait for its place.
const TURN: Duration = Duration::from_secs(1);

/// The open connections of a port.
#[derive(Debug)]
pub(crate) struct Connections {
    limit: AtomicUsize,
    open: AtomicUsize,
    held: AtomicUsize,
    streams: AtomicUsize,
    answering: Arc<Semaphore>,
    epoch: Instant,
    refusals: Refusals,
    table: Mutex<Table>,
    /// Notified when a connection has ended.
    ended: Notify,
}

#[derive(Debug, Default)]
struct Table {
    last_id: u64,
    /// A connection ends when its entry does.
    entries: HashMap<u64, (Arc<Client>, oneshot::Sender<()>)>,
}

/// What is known of the client of a connection.
#[derive(Debug)]
struct Client {
    address: IpAddr,
    /// Since when the server has waited for it, in milliseconds; 0 while it does not.
    waiting_since: AtomicU64,
    /// How many bytes are kept until it reads a response or completes a request.
    held: AtomicUsize,
}

/// The place of an open connection; it is given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    connections: Arc<Connections>,
    id: u64,
    client: Arc<Client>,
    since: Instant,
    answering: Mutex<Option<OwnedSemaphorePermit>>,
}

impl Connections {
    /// Makes a port's connections, at most `limit` at once.
    pub(crate) fn new(limit: usize, refusals: Refusals) -> Arc<Self> {
        Arc::new(Self {
            limit: AtomicUsize::new(limit),
            open: AtomicUsize::new(0),
            held: AtomicUsize::new(0),
            streams: AtomicUsize::new(0),
            answering: Arc::new(Semaphore::new(MAX_ANSWERING)),
            epoch: Instant::now(),
            refusals,
            table: Mutex::default(),
            ended: Notify::new(),
        })
    }

    /// Returns how many there may be.
    pub(super) fn limit(&self) -> usize {
        self.limit.load(Relaxed)
    }

    /// Lowers how many there may be, if it is more than that.
    pub(super) fn limit_to(&self, limit: usize) {
        self.limit.fetch_min(limit, Relaxed);
    }

    /// Returns how many connections are open.
    pub(crate) fn open(&self) -> usize {
        self.open.load(Relaxed)
    }

    /// Waits for a place for a new connection. What is returned beside it resolves when the connection
    /// is to end for the sake of others.
    pub(super) async fn admit(self: &Arc<Self>, address: IpAddr) -> (Place, oneshot::Receiver<()>) {
        while self.is_full() && !self.make_room() {
            // Whom the server waits for now may be waited for long enough by then.
            let _ = timeout(MIN_WAIT, self.ended.notified()).await;
        }
        let (entry, evicted) = oneshot::channel();
        let (waiting_since, held) = (AtomicU64::new(0), AtomicUsize::new(0));
        let client = Arc::new(Client { address, waiting_since, held });
        let mut table = self.table.lock();
        table.last_id += 1;
        let id = table.last_id;
        table.entries.insert(id, (Arc::clone(&client), entry));
        self.open.store(table.entries.len(), Relaxed);
        drop(table);
        let (connections, since) = (Arc::clone(self), Instant::now());
        (Place { connections, id, client, since, answering: Mutex::default() }, evicted)
    }

    fn is_full(&self) -> bool {
        self.open() >= self.limit()
    }

    /// Ends one connection of those whose clients the server waits for; returns whether there was any.
    pub(super) fn make_room(&self) -> bool {
        let latest = self.now().saturating_sub(millis(MIN_WAIT));
        self.evict(Refusal::AtLimit, |client| client.waiting_since.load(Relaxed) <= latest)
    }

    /// Returns the time in milliseconds, more than 0.
    fn now(&self) -> u64 {
        millis(self.epoch.elapsed()) + 1
    }

    fn evict(&self, reason: Refusal, eligible: impl Fn(&Client) -> bool) -> bool {
        let mut table = self.table.lock();
        let mut per_address = HashMap::new();
        for (client, _) in table.entries.values() {
            *per_address.entry(client.address).or_insert(0_usize) += 1;
        }
        let waited_for = table.entries.iter().filter_map(|(id, (client, _))| {
            let since = client.waiting_since.load(Relaxed);
            let rank = (per_address[&client.address], Reverse(since));
            (since > 0 && eligible(client)).then_some((rank, *id))
        });
        let Some((_, id)) = waited_for.max() else { return false };
        let evicted = table.entries.remove(&id);
        self.open.store(table.entries.len(), Relaxed);
        drop(table);
        if let Some((client, _)) = evicted {
            self.refusals.count(reason, client.address);
        }
        true
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX - 1)
}

impl Place {
    /// Notes that the server waits for the client from now on.
    pub(super) fn wait(&self) {
        if self.client.waiting_since.load(Relaxed) == 0 {
            self.client.waiting_since.store(self.connections.now(), Relaxed);
        }
    }

    /// Returns whether the connection is to close after its response, so that others get its place.
    pub(super) fn is_wanted(&self) -> bool {
        self.connections.is_full() && self.since.elapsed() >= TURN
    }

    /// Notes that the client has done what the server waited for.
    pub(super) fn proceed(&self) {
        self.client.waiting_since.store(0, Relaxed);
    }

    /// Waits until the answer to a request may begin; `on_wait` is called before that, unless it may at
    /// once.
    pub(super) async fn begin_answer(&self, on_wait: impl FnOnce()) {
        let answering = &self.connections.answering;
        let permit = match Arc::clone(answering).try_acquire_owned() {
            Ok(permit) => Some(permit),
            Err(_) => {
                on_wait();
                // Never closed.
                Arc::clone(answering).acquire_owned().await.ok()
            }
        };
        *self.answering.lock() = permit;
    }

    /// Notes that the answer has ended, or that the client has part of it.
    pub(super) fn end_answer(&self) {
        self.answering.lock().take();
    }

    /// Notes that bytes are kept until the client has read them, or has sent the rest of its request.
    pub(super) fn hold(&self, bytes: usize) {
        self.client.held.fetch_add(bytes, Relaxed);
        let all = self.connections.held.fetch_add(bytes, Relaxed) + bytes;
        if all > MAX_HELD_BYTES {
            let holds = |client: &Client| client.held.load(Relaxed) > 0;
            self.connections.evict(Refusal::Slow, holds);
        }
    }

    /// Notes that the client does not read what is written to it.
    pub(super) fn hold_buffers(&self) {
        self.end_answer();
        self.hold(BUFFER_BYTES);
    }

    /// Begins a response that is sent as it comes; returns whether it may be, and counts and logs it
    /// if there are too many.
    pub(super) fn begin_stream(&self) -> bool {
        let others = self.connections.streams.fetch_add(1, Relaxed);
        if others >= MAX_STREAMS {
            self.end_stream();
            self.connections.refusals.count(Refusal::TooManyStreams, self.client.address);
        } else {
            self.end_answer();
        }
        others < MAX_STREAMS
    }

    /// Ends a response that was sent as it came.
    pub(super) fn end_stream(&self) {
        self.connections.streams.fetch_sub(1, Relaxed);
    }

    /// Returns whether there are so few connections that each may keep its buffers for a while.
    pub(super) fn may_keep_buffers(&self) -> bool {
        self.connections.open() <= MAX_WITH_BUFFERS
    }

    /// Notes that nothing is kept any more.
    pub(super) fn release(&self) {
        let bytes = self.client.held.swap(0, Relaxed);
        self.connections.held.fetch_sub(bytes, Relaxed);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.release();
        let mut table = self.connections.table.lock();
        table.entries.remove(&self.id);
        self.connections.open.store(table.entries.len(), Relaxed);
        drop(table);
        self.connections.ended.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use tokio::time::advance;

    use super::*;
    use crate::identity::Identity;
    use crate::metrics::Metrics;

    fn connections(limit: usize) -> Arc<Connections> {
        let task = "ping.1@pi1".parse().expect("a task");
        let identity = Identity::new(protocol::service::Service::Ping, task);
        let refusals = Refusals::register(&mut Metrics::new(&identity), Arc::default());
        Connections::new(limit, refusals)
    }

    /// Connections from addresses that end in these numbers, a second apart, that wait for a request.
    async fn waiting(
        connections: &Arc<Connections>,
        from: &[u8],
    ) -> Vec<(Place, oneshot::Receiver<()>)> {
        let mut places = Vec::new();
        for last in from {
            advance(Duration::from_secs(1)).await;
            let (place, evicted) = connections.admit([10, 0, 9, *last].into()).await;
            place.wait();
            places.push((place, evicted));
        }
        places
    }

    /// Returns which of these have been ended.
    fn evicted(places: &mut [(Place, oneshot::Receiver<()>)]) -> Vec<usize> {
        let ended = places.iter_mut().map(|(_, evicted)| {
            evicted.try_recv().expect_err("nothing is sent") == oneshot::error::TryRecvError::Closed
        });
        ended.enumerate().filter_map(|(n, ended)| ended.then_some(n)).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn the_address_with_most_connections_loses_the_one_that_has_waited_longest() {
        let connections = connections(5);
        let mut places = waiting(&connections, &[1, 2, 2, 3, 2]).await;
        assert_eq!(evicted(&mut places), [0_usize; 0]);
        places.extend(waiting(&connections, &[4]).await);
        assert_eq!(evicted(&mut places), [1]);
        assert_eq!(connections.open(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn connections_that_are_used_are_kept_and_give_their_place_to_others_after_a_while() {
        let connections = connections(2);
        let mut places = waiting(&connections, &[1, 1]).await;
        places.iter().for_each(|(place, _)| place.proceed());
        let mut next = pin!(connections.admit([10, 0, 9, 2].into()));
        timeout(TURN, &mut next).await.expect_err("all are in use");
        assert!(places[0].0.is_wanted() && places[1].0.is_wanted());
        places[1].0.wait();
        let begun = Instant::now();
        let (next, _evicted) = next.await;
        assert_eq!((begun.elapsed(), evicted(&mut places)), (MIN_WAIT, vec![1]));
        assert!(!next.is_wanted(), "it is new");

        let (more, ended) = (connections.admit([10, 0, 9, 3].into()), Instant::now());
        places.remove(0);
        more.await;
        assert_eq!(ended.elapsed(), Duration::ZERO, "one has ended by itself");
    }

    #[tokio::test(start_paused = true)]
    async fn clients_that_do_not_read_lose_their_connection_when_too_much_is_kept_for_them() {
        let connections = connections(100);
        let mut places = waiting(&connections, &[1, 2, 3, 4]).await;
        for (place, _) in &places[1..] {
            place.hold(MAX_HELD_BYTES / 3);
        }
        assert_eq!(evicted(&mut places), [0_usize; 0]);
        places[3].0.release();
        places[3].0.hold(MAX_HELD_BYTES);
        assert_eq!(evicted(&mut places), [1], "the first of those that something is kept for");
        places.clear();
        assert_eq!(connections.held.load(Relaxed), 0);
    }
}
