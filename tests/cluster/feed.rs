//! The feed: exact counters, and a few whole rallies.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, timeout};

use crate::http::{Connection, PATIENCE, get};
use crate::table::{manager, player};

/// A subscription to a manager's feed.
pub(crate) struct Feed {
    connection: Connection,
    read: String,
}

impl Feed {
    pub(crate) async fn open(manager: SocketAddr) -> Self {
        let mut connection = Connection::open(manager).await.expect("connected");
        connection.send("GET /events HTTP/1.1\r\nHost: test\r\n\r\n").await.expect("sent");
        let head = connection.head().await.expect("an answer");
        assert_eq!((head.status, head.header("content-type")), (200, "text/event-stream"));
        Self { connection, read: String::new() }
    }

    /// Returns the next event's name and data.
    pub(crate) async fn next(&mut self) -> (String, Value) {
        self.until_stopped().await.expect("an event")
    }

    /// Returns the data of the next `score`.
    pub(crate) async fn score(&mut self) -> Value {
        loop {
            if let (name, data) = self.next().await
                && name == "score"
            {
                return data;
            }
        }
    }

    /// Returns the next event, or none once the feed has ended in good order.
    pub(crate) async fn until_stopped(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.read.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.read = rest;
                let Some((name, data)) = event.split_once('\n') else { continue };
                let name = name.strip_prefix("event: ").expect("a name");
                let data = data.strip_prefix("data: ").expect("data");
                return Some((name.to_owned(), serde_json::from_str(data).expect("JSON")));
            }
            self.read += &self.connection.piece().await.expect("no cut")?;
        }
    }
}

#[tokio::test]
async fn the_score_is_exact_however_many_rallies_are_played() {
    let (ping, pong) = (player("ping.1@pi1", "50"), player("pong.1@pi2", "50"));
    let manager = manager("manager.1@pi3", &[ping.listen], &[pong.listen], &[]);
    let mut feed = Feed::open(manager.listen).await;
    let first = feed.score().await;
    assert_eq!(first["score"]["pong"], 0);

    let (mut winners, mut strokes, mut longest) = (HashMap::new(), 0, 0);
    for _ in 0..200 {
        let text = get(manager.listen, "/", &[]).await.body;
        let played = text.lines().count() as u64 - 1;
        let winner = text.lines().last().and_then(|line| line.strip_prefix("The winner is "));
        *winners.entry(winner.expect("no draws at 50 %").to_ascii_lowercase()).or_default() +=
            1_u64;
        (strokes, longest) = (strokes + played, played.max(longest));
    }
    let score = timeout(PATIENCE, async {
        loop {
            let data = feed.score().await;
            assert_eq!(data["incarnation"], first["incarnation"]);
            assert_eq!(data["manager"]["task"], "manager.1");
            let won = |side: &str| data["score"][side].as_u64().expect("a number");
            if won("ping") + won("pong") == 200 {
                return data["score"].clone();
            }
        }
    });
    let score = score.await.expect("all 200 rallies are told");
    let count = |field: &str| score[field].as_u64().expect("a number");
    assert_eq!((count("ping"), count("pong")), (winners["ping"], winners["pong"]));
    assert_eq!((count("ping_misses"), count("pong_misses")), (count("pong"), count("ping")));
    assert_eq!(count("ping_hits") + count("pong_hits") + 200, strokes);
    assert_eq!(count("longest"), longest);
    for field in ["draws", "lets", "abandoned", "faults"] {
        assert_eq!(count(field), 0, "{field}");
    }
}

#[tokio::test]
async fn a_few_rallies_a_second_are_featured_and_they_are_whole() {
    let (ping, pong) = (player("ping.1@pi1", "85"), player("pong.1@pi2", "85"));
    let manager = manager("manager.1@pi3", &[ping.listen], &[pong.listen], &[]);
    let mut feed = Feed::open(manager.listen).await;
    let begun = Instant::now();
    let (mut played, mut scores) = (0, 0);
    let mut strokes: HashMap<String, Vec<Value>> = HashMap::new();
    let mut whole = 0;
    let load = async {
        while begun.elapsed() < Duration::from_secs(2) {
            get(manager.listen, "/", &[]).await;
            played += 1;
        }
        // Carried like any other, so that whoever listens to the end finds it.
        get(manager.listen, "/?pace=1ms", &["Pong-Proxy: the-last"]).await;
    };
    let listen = async {
        loop {
            let (name, data) = feed.next().await;
            let rally = data["rally"].as_str().unwrap_or_default().to_owned();
            match name.as_str() {
                "score" => scores += 1,
                "stroke" => strokes.entry(rally).or_default().push(data),
                "players" => {}
                _ => {
                    let told = strokes.remove(&rally).unwrap_or_default();
                    assert_eq!(data["strokes"].as_u64(), Some(told.len() as u64), "{data}");
                    let in_order = |(n, stroke): (u64, &Value)| stroke["n"].as_u64() == Some(n);
                    assert!((1..).zip(&told).all(in_order), "{told:?}");
                    if data["proxy"] == "the-last" {
                        return;
                    }
                    whole += 1;
                }
            }
        }
    };
    timeout(PATIENCE, async { tokio::join!(load, listen) }).await.expect("the last is featured");
    let seconds = begun.elapsed().as_secs_f64();
    // Three at once in the beginning, and three for each second.
    assert!(
        (3..=3 + (3.0 * seconds) as u64).contains(&whole),
        "{whole} of {played} in {seconds} s"
    );
    // The first, five a second, and the beat that was due.
    assert!(scores <= 2 + (5.0 * seconds).ceil() as u64, "{scores} in {seconds} s");
    assert!(strokes.is_empty(), "featured but not told to the end: {strokes:?}");
}

#[tokio::test]
async fn a_rally_whose_client_leaves_is_counted_as_abandoned() {
    let (ping, pong) = (player("ping.1@pi1", "100"), player("pong.1@pi2", "100"));
    let manager = manager("manager.1@pi3", &[ping.listen], &[pong.listen], &[]);
    let mut feed = Feed::open(manager.listen).await;
    let mut client = Connection::open(manager.listen).await.expect("connected");
    client.send("GET /?pace=20ms HTTP/1.1\r\nHost: test\r\n\r\n").await.expect("sent");
    client.head().await.expect("an answer");
    client.piece().await.expect("a line");
    drop(client);
    let told = timeout(PATIENCE, async {
        let mut ended = None;
        loop {
            match feed.next().await {
                (name, data) if name == "rally" => ended = Some(data),
                (name, data) if name == "score" && data["score"]["abandoned"] == 1 => {
                    return (ended, data["score"].clone());
                }
                _ => {}
            }
        }
    });
    let (ended, score) = told.await.expect("it is noticed");
    assert_eq!(ended.expect("featured rallies end, however they end")["verdict"], "abandoned");
    assert!(["ping", "pong", "draws", "lets"].iter().all(|field| score[field] == 0), "{score}");
}
