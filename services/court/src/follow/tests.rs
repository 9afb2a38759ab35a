use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::discovery::tests::Table;
use crate::event::Ended;

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
const SCORE: &str = "event: score\ndata: {\"manager\":{\"task\":\"manager.1\",\"node\":\"pi1\"},\
    \"incarnation\":\"5eed\",\"score\":{\"ping\":1,\"pong\":0,\"draws\":0,\"lets\":0,\"abandoned\":0,\
    \"ping_hits\":0,\"ping_misses\":0,\"pong_hits\":0,\"pong_misses\":1,\"faults\":0,\"longest\":2}}\n\n";
const ENDED: &str = "event: rally\ndata: {\"rally\":\"5eed-1\",\"verdict\":\"ping\",\"strokes\":2,\
    \"faults\":0,\"micros\":800,\"manager\":{\"task\":\"manager.1\",\"node\":\"pi1\"}}\n\n";

/// A manager that says what the test has it say.
struct Server {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        Self { listener, address }
    }

    /// Takes a subscriber in and says this to it.
    async fn say(&self, text: &str) -> TcpStream {
        let said = async {
            let mut request = [0; 1024];
            let (mut connection, length) = loop {
                let (mut connection, _) = self.listener.accept().await?;
                let length = connection.read(&mut request).await?;
                // Discovery knocks, and says nothing.
                if length > 0 {
                    break (connection, length);
                }
            };
            assert!(request[..length].starts_with(b"GET /events HTTP/1.1\r\n"));
            connection.write_all(text.as_bytes()).await?;
            Ok::<_, io::Error>(connection)
        };
        timeout(Duration::from_secs(15), said).await.expect("asked in time").expect("connected")
    }
}

fn discovery(table: &Arc<Table>) -> Discovery {
    Discovery {
        me: "light.1@pi1".parse().expect("a task"),
        service: "light",
        sought: "manager",
        peers: "tasks.manager:3000".parse().expect("a peer"),
        resolver: Arc::<Table>::clone(table),
    }
}

/// Follows the managers that the table says there are.
async fn start(
    table: &Arc<Table>,
    addresses: &[SocketAddr],
) -> (Receiver<Seen>, CancellationToken) {
    table.set("tasks.manager:3000", addresses);
    let stop = CancellationToken::new();
    let discovery = discovery(table);
    let metrics = Metrics::new("light", &discovery.me, &discovery.me.name);
    (follow(discovery, &metrics, stop.clone()).await, stop)
}

async fn next(seen: &mut Receiver<Seen>) -> Option<Seen> {
    timeout(Duration::from_secs(15), seen.recv()).await.expect("seen in time")
}

fn is_ended(seen: Option<Seen>, rally: &str) -> bool {
    matches!(seen, Some(Seen::Told(_, Event::Ended(Ended { rally: told, .. }))) if told == rally)
}

#[tokio::test]
async fn a_feed_is_joined_told_in_order_and_lost_when_it_ends() {
    let server = Server::new().await;
    let at = server.address;
    let (mut seen, _stop) = start(&Arc::default(), &[at]).await;
    drop(server.say(&[HEAD, SCORE, ":\n\n", ENDED].concat()).await);
    assert_eq!(next(&mut seen).await, Some(Seen::Joined(at)));
    assert!(matches!(next(&mut seen).await, Some(Seen::Told(from, Event::Score(_))) if from == at));
    assert!(is_ended(next(&mut seen).await, "5eed-1"));
    assert_eq!(next(&mut seen).await, Some(Seen::Lost(at, Loss::Ended)));
}

#[tokio::test]
async fn a_feed_that_was_lost_or_refused_is_joined_again() {
    let server = Server::new().await;
    let at = server.address;
    let (mut seen, _stop) = start(&Arc::default(), &[at]).await;
    drop(server.say("HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n").await);
    // Discovery knocks before anything is asked of an address that failed.
    drop(server.listener.accept().await.expect("a knock"));
    let _open = server.say(&[HEAD, ENDED].concat()).await;
    assert_eq!(next(&mut seen).await, Some(Seen::Joined(at)), "not before it was 200");
    assert!(is_ended(next(&mut seen).await, "5eed-1"));
}

#[tokio::test]
async fn unlawful_events_are_ignored_and_what_follows_them_is_told() {
    let server = Server::new().await;
    let (mut seen, _stop) = start(&Arc::default(), &[server.address]).await;
    let unlawful = ["event: stroke\ndata: {}\n\n", "event: x\ndata: <b>\n\n", "data: \u{0}\n\n"];
    let _open = server.say(&[HEAD, &unlawful.concat(), ENDED].concat()).await;
    assert_eq!(next(&mut seen).await, Some(Seen::Joined(server.address)));
    assert!(is_ended(next(&mut seen).await, "5eed-1"));
}

#[tokio::test]
async fn a_line_without_end_ends_the_connection_instead_of_filling_the_memory() {
    let server = Server::new().await;
    let at = server.address;
    let (mut seen, _stop) = start(&Arc::default(), &[at]).await;
    let _open = server.say(&[HEAD, "data: ", &"x".repeat(20_000)].concat()).await;
    assert_eq!(next(&mut seen).await, Some(Seen::Joined(at)));
    assert_eq!(next(&mut seen).await, Some(Seen::Lost(at, Loss::TooLong(TooLong))));
}

#[tokio::test]
async fn every_address_is_followed_and_one_that_vanished_only_until_its_connection_ends() {
    let servers = [Server::new().await, Server::new().await];
    let [first, second] = [servers[0].address, servers[1].address];
    let table = Arc::default();
    let (mut seen, _stop) = start(&table, &[first, second]).await;
    let mut opened = [servers[0].say(HEAD).await, servers[1].say(HEAD).await];
    let joined = [next(&mut seen).await, next(&mut seen).await];
    assert!(joined.contains(&Some(Seen::Joined(first))), "{joined:?}");
    assert!(joined.contains(&Some(Seen::Joined(second))), "{joined:?}");

    let third = Server::new().await;
    table.set("tasks.manager:3000", &[second, third.address]);
    let _open = third.say(HEAD).await;
    assert_eq!(next(&mut seen).await, Some(Seen::Joined(third.address)));
    opened[0].write_all(ENDED.as_bytes()).await.expect("still followed");
    assert!(is_ended(next(&mut seen).await, "5eed-1"));
    let [left, _stays] = opened;
    drop(left);
    assert_eq!(next(&mut seen).await, Some(Seen::Lost(first, Loss::Ended)));
    let again = timeout(Duration::from_secs(2), servers[0].listener.accept()).await;
    assert!(again.is_err(), "not followed again");
}

#[tokio::test]
async fn nothing_more_comes_after_the_stop() {
    let server = Server::new().await;
    let (mut seen, stop) = start(&Arc::default(), &[server.address]).await;
    let _open = server.say(HEAD).await;
    assert_eq!(next(&mut seen).await, Some(Seen::Joined(server.address)));
    stop.cancel();
    assert_eq!(next(&mut seen).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_feed_is_given_up_after_three_silent_heartbeats() {
    let (seen, _receiver) = mpsc::channel(WAITING);
    let stop = CancellationToken::new();
    let table: Arc<Table> = Arc::default();
    let me = "light.1@pi1".parse().expect("a task");
    let roster = discovery(&table).start(stop).await;
    let follower =
        Follower { me, service: "light", sought: "manager", roster, client: client(), seen };
    let beats = stream::unfold(0, async |n: u32| {
        tokio::time::sleep(HEARTBEAT).await;
        (n < 4).then(|| (Ok(Bytes::from_static(b":\n\n")), n + 1))
    });
    let begun = Instant::now();
    let Err(loss) = follower.read(([127, 0, 0, 1], 1).into(), beats.chain(stream::pending())).await;
    assert_eq!(loss, Loss::Silent);
    // Four beats, a fifth that only ends the first stream, and three without any.
    let silent = begun.elapsed() - 4 * HEARTBEAT;
    assert_eq!(silent, SILENCE);
}
