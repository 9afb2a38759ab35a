//! Lamps and page show the same strokes in the same order, though rallies of two managers overlap.

use std::sync::Arc;

use game::Outcome::{self, Hit, Miss};
use game::Side;
use parking_lot::Mutex;
use protocol::event::{RallyEnd, RallyResult, Stroke};
use protocol::id::{InstanceId, RallyId};
use protocol::snapshot::Update;
use server::feed::render;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::cluster::scripted_peer::{AfterBytes, ScriptedPeer};
use crate::score::scoreboards::one_scoreboard;
use crate::support::http::Connection;
use crate::support::log::{LAMP_CHANGED, with};
use crate::support::process::Process;
use crate::support::wait::{TIMEOUT, until_true};

/// A manager whose feed the test writes.
struct Manager {
    peer: ScriptedPeer,
    subscribers: Arc<Mutex<Vec<mpsc::Sender<Vec<u8>>>>>,
    rally: RallyId,
}

impl Manager {
    async fn start(n: u32) -> Self {
        let subscribers = Arc::<Mutex<Vec<mpsc::Sender<Vec<u8>>>>>::default();
        let all = Arc::clone(&subscribers);
        let peer = ScriptedPeer::serve(move |_| {
            let (sender, pieces) = mpsc::channel(16);
            let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
            sender.try_send(head.into()).expect("room for the head");
            all.lock().push(sender);
            (pieces, AfterBytes::Close)
        });
        Self { peer: peer.await, subscribers, rally: RallyId::new(&InstanceId::new(n), 1) }
    }

    fn publish(&self, event: &[u8]) {
        let subscribers = self.subscribers.lock();
        subscribers.iter().for_each(|one| one.try_send(event.to_vec()).expect("room"));
    }

    /// Publishes a stroke of a player on pi1.
    fn stroke(&self, n: u16, outcome: Outcome) {
        let side = if n % 2 == 1 { Side::Ping } else { Side::Pong };
        let stroke = Stroke {
            rally: self.rally.clone(),
            n,
            side,
            outcome,
            player: format!("{}.1@pi1", side.name()).parse().expect("a task"),
            release: None,
            arch: None,
            micros: 400,
            manager: "manager.1@pi2".parse().expect("a task"),
            proxy: None,
        };
        self.publish(&render("stroke", &stroke));
    }

    fn end(&self, strokes: u16) {
        let result = RallyResult {
            rally: self.rally.clone(),
            end: if strokes % 2 == 1 { RallyEnd::Pong } else { RallyEnd::Ping },
            strokes,
            faults: 0,
            micros: 900,
            manager: "manager.1@pi2".parse().expect("a task"),
            proxy: None,
        };
        self.publish(&render("rally", &result));
    }
}

/// Returns the outcomes that the lamp has flashed, in order.
fn flashes(light: &Process) -> Vec<Outcome> {
    let lines = light.log_lines();
    let changes = with(&lines, LAMP_CHANGED);
    let lit = |led: &str, change: &serde_json::Value| change[led] == true;
    let flash = |change: &&serde_json::Value| match (lit("green", change), lit("red", change)) {
        (true, false) => Some(Hit),
        (false, true) => Some(Miss),
        _ => None,
    };
    changes.iter().filter_map(flash).collect()
}

/// A page's subscription to a scoreboard.
struct Page(Connection, String);

impl Page {
    async fn open(scoreboard: &Process) -> Self {
        let mut connection = Connection::open(scoreboard.listen).await.expect("connected");
        connection.send("GET /events HTTP/1.1\r\nHost: test\r\n\r\n").await.expect("sent");
        assert_eq!(connection.head().await.expect("a response").status, 200);
        Self(connection, String::new())
    }

    /// Returns the next strokes that are shown, as many as this.
    async fn strokes(&mut self, count: usize) -> Vec<(RallyId, Outcome)> {
        let mut shown = Vec::new();
        while shown.len() < count {
            let piece = timeout(TIMEOUT, self.0.piece()).await.expect("in time");
            self.1 += &piece.expect("no cut").expect("no end");
            while let Some((event, rest)) = self.1.split_once("\n\n") {
                if let Some(data) = event.strip_prefix("event: update\ndata: ") {
                    let update: Update = serde_json::from_str(data).expect("an update");
                    shown.extend(update.strokes.into_iter().map(|one| (one.rally, one.outcome)));
                }
                self.1 = rest.to_owned();
            }
        }
        shown
    }
}

#[tokio::test]
async fn a_lamp_and_the_page_show_the_same_strokes_whichever_of_two_rallies_begins_first() {
    for first in [0, 1] {
        watch_two_rallies(first).await;
    }
}

/// Has the rally of one of two managers begin before the other's, and watches both.
async fn watch_two_rallies(first: usize) {
    let managers = [Manager::start(1).await, Manager::start(2).await];
    let (one, other) = (&managers[first], &managers[1 - first]);
    let addresses = [managers[0].peer.address, managers[1].peer.address];
    let scoreboard = one_scoreboard(&addresses);
    let list = format!("{},{}", addresses[0], addresses[1]);
    let node = ["--node", "pi1", "--lamp", "simulated", "--log-level", "debug"];
    let light = Process::start(&[&["light", "--managers", &list][..], &node].concat());
    let mut page = Page::open(&scoreboard).await;
    let all_follow = async || managers.iter().all(|one| one.subscribers.lock().len() == 2);
    until_true("both follow both managers", all_follow).await;

    // The one that begins first is shown to its end, then the other.
    one.stroke(1, Hit);
    let mut shown = page.strokes(1).await;
    until_true("the lamp shows it too", async || flashes(&light) == [Hit]).await;
    other.stroke(1, Hit);
    other.stroke(2, Miss);
    other.end(2);
    one.stroke(2, Hit);
    one.stroke(3, Miss);
    one.end(3);
    shown.extend(page.strokes(4).await);

    let rallies: Vec<_> = shown.iter().map(|(rally, _)| rally).collect();
    assert_eq!(rallies, [&one.rally, &one.rally, &one.rally, &other.rally, &other.rally]);
    let outcomes: Vec<_> = shown.iter().map(|(_, outcome)| *outcome).collect();
    assert_eq!(outcomes, [Hit, Hit, Miss, Hit, Miss]);
    until_true("the lamp has shown the same", async || flashes(&light) == outcomes).await;
}
