use std::time::Duration;

use futures_util::stream;
use protocol::event::RallyResult;
use protocol::timing::HEARTBEAT;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{self, Receiver};

use super::*;
use crate::discovery::tests::{FakeDns, TARGET, discover};
use crate::endpoint::Peer;

const CHECKED: &str = "HTTP/1.1 204 No Content\r\nPong-From: manager\r\nConnection: close\r\n\r\n";
const HEAD: &str =
    "HTTP/1.1 200 OK\r\nPong-From: manager\r\nContent-Type: text/event-stream\r\n\r\n";
const SCORE: &str = "event: score\ndata: {\"manager\":{\"task\":\"manager.1\",\"node\":\"pi1\"},\
    \"instance\":\"5eed\",\"score\":{\"ping\":1,\"pong\":0,\"draws\":0,\"lets\":0,\"abandoned\":0,\
    \"ping_hits\":0,\"ping_misses\":0,\"pong_hits\":0,\"pong_misses\":1,\"faults\":0,\"longest\":2}}\n\n";
const RESULT: &str = "event: rally\ndata: {\"rally\":\"5eed-1\",\"verdict\":\"ping\",\"strokes\":2,\
    \"faults\":0,\"micros\":800,\"manager\":{\"task\":\"manager.1\",\"node\":\"pi1\"}}\n\n";
const PATIENCE: Duration = Duration::from_secs(60);

/// A manager that sends what the test has it send.
struct FakeManager {
    address: SocketAddr,
    /// Connections that have asked for the feed.
    subscribers: Receiver<TcpStream>,
}

impl FakeManager {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (sender, subscribers) = mpsc::channel(8);
        tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(accept(connection, sender.clone()));
            }
        });
        Self { address, subscribers }
    }

    /// Waits for a subscriber and sends this to it.
    async fn send(&mut self, text: &str) -> TcpStream {
        let subscriber = timeout(PATIENCE, self.subscribers.recv()).await.expect("in time");
        let mut connection = subscriber.expect("a subscriber");
        connection.write_all(text.as_bytes()).await.expect("sent");
        connection
    }
}

/// Answers a check, and passes a subscriber on.
async fn accept(mut connection: TcpStream, subscribers: Sender<TcpStream>) {
    let mut request = [0; 1024];
    let length = connection.read(&mut request).await.expect("readable");
    let request = &request[..length];
    if request.starts_with(b"OPTIONS / ") {
        connection.write_all(CHECKED.as_bytes()).await.expect("sent");
    } else if !request.is_empty() {
        assert!(request.starts_with(b"GET /events HTTP/1.1\r\n"));
        subscribers.send(connection).await.expect("the test goes on");
    }
}

/// Subscribes to the managers that DNS lists.
async fn start(dns: &Arc<FakeDns>, addresses: &[SocketAddr]) -> Receiver<FeedUpdate> {
    dns.set(TARGET, addresses);
    let (sender, receiver) = mpsc::channel(MAX_WAITING);
    tokio::spawn(subscribe(discover(dns).await, Wanted::Everything, sender));
    receiver
}

async fn next(updates: &mut Receiver<FeedUpdate>) -> Option<FeedUpdate> {
    timeout(PATIENCE, updates.recv()).await.expect("an update in time")
}

fn is_result(update: Option<FeedUpdate>, id: &str) -> bool {
    let Some(FeedUpdate::Event(_, Event::Rally(RallyResult { rally, .. }))) = update else {
        return false;
    };
    rally.as_str() == id
}

#[tokio::test]
async fn updates_arrive_in_order_between_connect_and_disconnect() {
    let mut manager = FakeManager::new().await;
    let at = manager.address;
    let mut updates = start(&Arc::default(), &[at]).await;
    drop(manager.send(&[HEAD, SCORE, ":\n\n", RESULT].concat()).await);
    assert_eq!(next(&mut updates).await, Some(FeedUpdate::Connected(at)));
    let score = next(&mut updates).await;
    assert!(matches!(score, Some(FeedUpdate::Event(from, Event::Score(_))) if from == at));
    assert!(is_result(next(&mut updates).await, "5eed-1"));
    let ended = FeedUpdate::Disconnected(at, DisconnectReason::Ended);
    assert_eq!(next(&mut updates).await, Some(ended));
}

#[tokio::test]
async fn a_lost_or_refused_feed_is_reconnected() {
    let mut manager = FakeManager::new().await;
    let at = manager.address;
    let mut updates = start(&Arc::default(), &[at]).await;
    drop(manager.send("HTTP/1.1 503 Service Unavailable\r\nPong-From: manager\r\nContent-Length: 0\r\n\r\n").await);
    drop(manager.send(&[HEAD, RESULT].concat()).await);
    assert_eq!(next(&mut updates).await, Some(FeedUpdate::Connected(at)), "not before it was 200");
    assert!(is_result(next(&mut updates).await, "5eed-1"));
    assert!(matches!(next(&mut updates).await, Some(FeedUpdate::Disconnected(..))));
    let _open = manager.send(HEAD).await;
    assert_eq!(next(&mut updates).await, Some(FeedUpdate::Connected(at)));
}

#[tokio::test]
async fn invalid_and_unknown_events_are_skipped() {
    let mut manager = FakeManager::new().await;
    let mut updates = start(&Arc::default(), &[manager.address]).await;
    let invalid = ["event: stroke\ndata: {}\n\n", "event: x\ndata: <b>\n\n", "data: \u{0}\n\n"];
    let _open = manager.send(&[HEAD, &invalid.concat(), RESULT].concat()).await;
    assert_eq!(next(&mut updates).await, Some(FeedUpdate::Connected(manager.address)));
    assert!(is_result(next(&mut updates).await, "5eed-1"));
}

#[tokio::test]
async fn a_line_without_end_ends_the_connection_instead_of_filling_the_memory() {
    let mut manager = FakeManager::new().await;
    let at = manager.address;
    let mut updates = start(&Arc::default(), &[at]).await;
    let _open = manager.send(&[HEAD, "data: ", &"x".repeat(20_000)].concat()).await;
    assert_eq!(next(&mut updates).await, Some(FeedUpdate::Connected(at)));
    let reason = DisconnectReason::EventTooLong(EventTooLong);
    assert_eq!(next(&mut updates).await, Some(FeedUpdate::Disconnected(at, reason)));
}

#[tokio::test]
async fn a_feed_that_discovery_no_longer_lists_is_followed_until_it_ends() {
    let mut managers = [FakeManager::new().await, FakeManager::new().await];
    let [first, second] = [managers[0].address, managers[1].address];
    let dns = Arc::default();
    let mut updates = start(&dns, &[first, second]).await;
    let mut opened = [managers[0].send(HEAD).await, managers[1].send(HEAD).await];
    let connected = [next(&mut updates).await, next(&mut updates).await];
    assert!(connected.contains(&Some(FeedUpdate::Connected(first))), "{connected:?}");
    assert!(connected.contains(&Some(FeedUpdate::Connected(second))), "{connected:?}");

    let mut third = FakeManager::new().await;
    dns.set(TARGET, &[second, third.address]);
    let _open = third.send(HEAD).await;
    assert_eq!(next(&mut updates).await, Some(FeedUpdate::Connected(third.address)));
    opened[0].write_all(RESULT.as_bytes()).await.expect("still connected");
    assert!(is_result(next(&mut updates).await, "5eed-1"));
    let [unlisted, listed] = opened;
    drop(unlisted);
    let ended = FeedUpdate::Disconnected(first, DisconnectReason::Ended);
    assert_eq!(next(&mut updates).await, Some(ended));
    // The one that is still listed is reconnected, and in that time the other one is not.
    drop(listed);
    let _reopened = managers[1].send(HEAD).await;
    assert!(managers[0].subscribers.try_recv().is_err(), "reconnected, though it is not listed");
}

#[tokio::test]
async fn no_updates_are_sent_to_nobody() {
    let manager = FakeManager::new().await;
    let dns = Arc::new(FakeDns::default());
    dns.set(TARGET, &[manager.address]);
    let (sender, receiver) = mpsc::channel(MAX_WAITING);
    let subscription = tokio::spawn(subscribe(discover(&dns).await, Wanted::Everything, sender));
    drop(receiver);
    timeout(PATIENCE, subscription).await.expect("it ends").expect("without a panic");
}

#[tokio::test(start_paused = true)]
async fn a_feed_is_given_up_after_three_silent_heartbeats() {
    let (updates, _receiver) = mpsc::channel(MAX_WAITING);
    let endpoints = Endpoints::new(Peer::Any);
    let wanted = Wanted::Everything;
    let subscriber = Subscriber { endpoints: &endpoints, wanted, updates: &updates };
    let beats = stream::unfold(0, async |n: u32| {
        tokio::time::sleep(HEARTBEAT).await;
        (n < 4).then(|| (Ok(Bytes::from_static(b":\n\n")), n + 1))
    });
    let begun = Instant::now();
    let feed = beats.chain(stream::pending());
    let Err(reason) = subscriber.read(([127, 0, 0, 1], 1).into(), feed).await;
    assert_eq!(reason, DisconnectReason::Silent);
    // Four beats, a fifth that only ends the first stream, and three without any.
    assert_eq!(begun.elapsed() - 4 * HEARTBEAT, FEED_IDLE_TIMEOUT);
}
