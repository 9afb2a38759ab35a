//! The feed: exact counters, and a few rallies in full.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::SocketAddr;
use std::time::Duration;

use game::Score;
use protocol::event::{Event, ManagerScore, RallyEnd, Stroke};
use protocol::id::RallyId;
use serde_json::Value;
use tokio::time::{Instant, timeout};

use crate::support::http::{Connection, get};
use crate::support::match_::Match;
use crate::support::wait::TIMEOUT;

/// A subscription to a manager's feed.
pub(crate) struct Feed {
    connection: Connection,
    unread: String,
}

impl Feed {
    pub(crate) async fn open(manager: SocketAddr) -> Self {
        Self::of(manager, "/events").await
    }

    async fn of(manager: SocketAddr, path: &str) -> Self {
        let mut connection = Connection::open(manager).await.expect("connected");
        let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\n\r\n");
        connection.send(&request).await.expect("sent");
        let head = connection.head().await.expect("a response");
        assert_eq!((head.status, head.header("content-type")), (200, "text/event-stream"));
        Self { connection, unread: String::new() }
    }

    /// Returns the next event.
    pub(crate) async fn next(&mut self) -> Event {
        self.until_end().await.expect("an event")
    }

    /// Returns the next `score`.
    pub(crate) async fn score(&mut self) -> ManagerScore {
        loop {
            if let Event::Score(score) = self.next().await {
                return score;
            }
        }
    }

    /// Returns the next event, or none once the feed has ended.
    pub(crate) async fn until_end(&mut self) -> Option<Event> {
        let (kind, data) = self.sent().await?;
        let event = Event::parse(&kind, &data).expect("a valid event");
        Some(event.expect("an event of a known kind"))
    }

    /// Returns the kind and the data of the next event as they were sent, or none once the feed has
    /// ended.
    async fn sent(&mut self) -> Option<(String, String)> {
        loop {
            if let Some((event, rest)) = self.unread.split_once("\n\n") {
                let event = event.to_owned();
                self.unread = rest.to_owned();
                // A heartbeat has no kind.
                let Some((kind, data)) = event.split_once('\n') else { continue };
                let kind = kind.strip_prefix("event: ").expect("a kind");
                let data = data.strip_prefix("data: ").expect("data");
                return Some((kind.to_owned(), data.to_owned()));
            }
            self.unread += &self.connection.piece().await.expect("no cut")?;
        }
    }
}

#[tokio::test]
async fn the_score_is_exact_however_many_rallies_are_played() {
    let game = Match::start_with(&["--hit-chance", "50"], &[]);
    let mut feed = Feed::open(game.address()).await;
    let first = feed.score().await;
    assert_eq!(first.score, Score::default());

    let mut winners: HashMap<String, u64> = HashMap::new();
    let mut strokes = 0;
    let mut longest = 0;
    for _ in 0..200 {
        let text = get(game.address(), "/", &[]).await.body;
        let played = text.lines().count() as u64 - 1;
        let winner = text.lines().last().and_then(|line| line.strip_prefix("The winner is "));
        *winners.entry(winner.expect("no draws at 50 %").to_owned()).or_default() += 1;
        strokes += played;
        longest = longest.max(played);
    }
    let score = timeout(TIMEOUT, async {
        loop {
            let update = feed.score().await;
            assert_eq!(update.instance, first.instance);
            assert_eq!(update.manager.to_string(), "manager.1@pi3");
            if update.score.rallies() == 200 {
                return update.score;
            }
        }
    });
    let score = score.await.expect("all 200 rallies are published");
    assert_eq!((score.ping, score.pong), (winners["PING"], winners["PONG"]));
    assert_eq!((score.ping_misses, score.pong_misses), (score.pong, score.ping));
    assert_eq!(score.strokes(), strokes);
    assert_eq!(u64::from(score.longest), longest);
    assert_eq!((score.draws, score.lets, score.abandoned, score.faults), (0, 0, 0, 0));
}

#[tokio::test]
async fn sampled_rallies_are_complete() {
    let game = Match::start(&[]);
    let mut feed = Feed::open(game.address()).await;
    let started = Instant::now();
    let mut played = 0;
    let mut scores = 0;
    let mut sampled = 0;
    let mut strokes: HashMap<RallyId, Vec<Stroke>> = HashMap::new();
    let load = async {
        while started.elapsed() < Duration::from_secs(2) {
            get(game.address(), "/", &[]).await;
            played += 1;
        }
        // Paced rallies have a budget of their own, so this one is sampled.
        get(game.address(), "/?pace=1ms", &["Pong-Proxy: the-last"]).await;
    };
    let listen = async {
        loop {
            match feed.next().await {
                Event::Score(_) => scores += 1,
                Event::Players(_) => {}
                Event::Stroke(stroke) => {
                    strokes.entry(stroke.rally.clone()).or_default().push(stroke);
                }
                Event::Rally(result) => {
                    let played = strokes.remove(&result.rally).unwrap_or_default();
                    assert_eq!(usize::from(result.strokes), played.len(), "{result:?}");
                    let in_order = (1..).zip(&played).all(|(n, stroke)| stroke.n == n);
                    assert!(in_order, "{played:?}");
                    if result.proxy.is_some_and(|proxy| proxy.to_string() == "the-last") {
                        return;
                    }
                    sampled += 1;
                }
            }
        }
    };
    timeout(TIMEOUT, async { tokio::join!(load, listen) }).await.expect("the last is sampled");
    let seconds = started.elapsed().as_secs_f64();
    // Three at once in the beginning, and three for each second.
    assert!(
        (3..=3 + (3.0 * seconds) as u64).contains(&sampled),
        "{sampled} of {played} in {seconds} s"
    );
    // The first, twenty a second, and the one that was due.
    assert!(scores <= 2 + (20.0 * seconds).ceil() as u64, "{scores} in {seconds} s");
    assert!(strokes.is_empty(), "sampled but without an end: {strokes:?}");
}

#[tokio::test]
async fn a_rally_whose_client_leaves_is_counted_as_abandoned() {
    let game = Match::start_with(&["--hit-chance", "100"], &[]);
    let mut feed = Feed::open(game.address()).await;
    let mut client = Connection::open(game.address()).await.expect("connected");
    client.send("GET /?pace=20ms HTTP/1.1\r\nHost: test\r\n\r\n").await.expect("sent");
    client.head().await.expect("a response");
    client.piece().await.expect("a line");
    drop(client);
    let published = timeout(TIMEOUT, async {
        let mut end = None;
        loop {
            match feed.next().await {
                Event::Rally(result) => end = Some(result.end),
                Event::Score(update) if update.score.abandoned == 1 => return (end, update.score),
                _ => {}
            }
        }
    });
    let (end, score) = published.await.expect("it is noticed");
    assert_eq!(end, Some(RallyEnd::Abandoned), "sampled rallies end, however they end");
    assert_eq!(score.rallies(), 0, "{score:?}");
}

/// The kinds of event and the names of their fields.
type Fields = BTreeMap<String, BTreeSet<String>>;

/// Adds the names of an object's fields, and of those of the objects in its lists.
fn add_fields(names: &mut BTreeSet<String>, object: &Value) {
    for (name, value) in object.as_object().expect("an object") {
        names.insert(name.clone());
        value.as_array().into_iter().flatten().for_each(|item| add_fields(names, item));
    }
}

/// Returns the words of a text that are set as code.
fn code(text: &str) -> impl Iterator<Item = String> {
    text.split('`').skip(1).step_by(2).map(str::to_owned)
}

/// Returns the events of a manager in `docs/feed.md`.
fn documented() -> Fields {
    let docs = include_str!("../../../docs/feed.md");
    let section = docs.split("## ").find(|section| section.starts_with("A manager's feed"));
    let rows = section.expect("a section").lines().filter(|line| line.starts_with("| `"));
    let cells = rows.map(|row| row.split('|').collect::<Vec<_>>());
    let row = |cells: Vec<&str>| (code(cells[1]).next().expect("a name"), code(cells[3]).collect());
    cells.map(row).collect()
}

#[tokio::test]
async fn every_event_has_the_documented_fields_and_no_others() {
    let mut game = Match::start_with(&["--release", "7", "--hit-chance", "100"], &[]);
    let manager = game.address();
    let mut all = Feed::open(manager).await;
    let mut rallies = Feed::of(manager, "/events?rallies").await;
    let mut sent = Fields::new();
    let mut kinds = BTreeSet::new();
    let request = async { get(manager, "/?pace=100ms", &["Pong-Proxy: pi1"]).await };
    let listen = async {
        // A let has all that the end of a rally can have.
        let mut ended = false;
        while !ended || sent.len() < 4 {
            let (kind, data) = all.sent().await.expect("an event");
            ended |= kind == "rally";
            if kind == "stroke" {
                game.pong.kill();
            }
            let data = serde_json::from_str(&data).expect("JSON");
            add_fields(sent.entry(kind).or_default(), &data);
        }
        while !kinds.contains("rally") {
            kinds.insert(rallies.sent().await.expect("an event").0);
        }
    };
    timeout(TIMEOUT, async { tokio::join!(request, listen) }).await.expect("a let");
    assert_eq!(sent, documented());
    assert_eq!(kinds, BTreeSet::from(["stroke", "rally"].map(str::to_owned)));
}
