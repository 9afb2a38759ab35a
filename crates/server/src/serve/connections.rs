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
use protocol::service::Service;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout};

use super::refusal::{Refusal, Refusals};
use super::turns::{Turn, Turns};

/// Maximum number of bytes, of all connections, of complete responses that clients have yet to read and
/// of requests that they have yet to complete.
const MAX_HELD_BYTES: usize = 4 * 1024 * 1024;

/// How many bytes a connection has in buffers while its client does not read: 16 KB here, and in the
/// kernel.
const BUFFER_BYTES: usize = 24 * 1024;

/// Maximum number of connections that keep their buffers while they are not used.
const MAX_WITH_BUFFERS: usize = 128;

/// Maximum number of responses that are sent as they come, such as events and rallies with a pace: at
/// a proxy, which anybody reaches and where each costs 28 KB, and at any other service, where each costs
/// 14 KB and every light and scoreboard of the cluster subscribes.
const MAX_STREAMS: [usize; 2] = [192, 512];

/// How long the server waits for a client at least before its connection may be ended for another's
/// sake; a client that uses its connection sends the next request sooner.
const MIN_WAIT: Duration = Duration::from_millis(250);

/// How long a connection is used at least while others wait for its place.
const TURN: Duration = Duration::from_secs(1);

/// The open connections of a port.
#[derive(Debug)]
pub(crate) struct Connections {
    limit: AtomicUsize,
    max_streams: usize,
    open: AtomicUsize,
    held: AtomicUsize,
    streams: AtomicUsize,
    turns: Turns,
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
    turn: Mutex<Option<Turn>>,
}

impl Connections {
    /// Makes the connections of a port of a service, at most `limit` at once.
    pub(crate) fn new(service: Service, limit: usize, refusals: Refusals) -> Arc<Self> {
        let [strangers, peers] = MAX_STREAMS;
        Arc::new(Self {
            limit: AtomicUsize::new(limit),
            max_streams: if service == Service::Proxy { strangers } else { peers },
            open: AtomicUsize::new(0),
            held: AtomicUsize::new(0),
            streams: AtomicUsize::new(0),
            turns: Turns::default(),
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
        (Place { connections, id, client, since, turn: Mutex::default() }, evicted)
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
    pub(super) async fn begin_answer(&self, is_pipelined: bool, on_wait: impl FnOnce()) {
        let turn = self.connections.turns.take(is_pipelined, on_wait).await;
        *self.turn.lock() = Some(turn);
    }

    /// Notes that the answer has ended, or that the client has part of it.
    pub(super) fn end_answer(&self) {
        self.turn.lock().take();
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

    /// Returns whether another response may be sent as it comes; counts and logs that it may not.
    pub(super) fn may_begin_stream(&self) -> bool {
        let may = self.connections.streams.load(Relaxed) < self.connections.max_streams;
        if !may {
            self.connections.refusals.count(Refusal::TooManyStreams, self.client.address);
        }
        may
    }

    /// Begins a response that is sent as it comes; returns whether it may be.
    pub(super) fn begin_stream(&self) -> bool {
        let may = self.may_begin_stream();
        if may {
            self.connections.streams.fetch_add(1, Relaxed);
            self.end_answer();
        }
        may
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
mod tests;
