//! A rally whose player hangs: its answer begins soon, and it is abandoned when its client turns to
//! another manager.

use std::sync::Arc;

use protocol::event::Event;
use rustix::process::Signal;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

use super::feed::Feed;
use super::scripted_peer::{AfterBytes, ScriptedPeer, ok};
use crate::support::http::Connection;
use crate::support::process::Process;
use crate::support::wait::{TIMEOUT, until_true};

/// A manager as a process, with a ping player that never misses and a pong player that hangs until it
/// is let go, and a client that has asked for a rally.
struct Hanging {
    manager: Process,
    pong: ScriptedPeer,
    go: Arc<Semaphore>,
    client: Connection,
    _ping: Process,
}

impl Hanging {
    async fn start() -> Self {
        let go = Arc::new(Semaphore::new(0));
        let gate = Arc::clone(&go);
        let pong = ScriptedPeer::serve(move |_| {
            let gate = Arc::clone(&gate);
            let (sender, pieces) = mpsc::channel(1);
            tokio::spawn(async move {
                let _passed = gate.acquire().await.expect("open");
                sender.send(ok("HIT")).await
            });
            (pieces, AfterBytes::Stay)
        })
        .await;
        let ping = Process::start(&["player", "--side", "ping", "--hit-chance", "100"]);
        let (at_ping, at_pong) = (ping.listen.to_string(), pong.address.to_string());
        let players = ["manager", "--ping", &at_ping, "--pong", &at_pong];
        let manager = Process::start(&[&players[..], &["--stroke-timeout", "2s"]].concat());
        let mut client = Connection::open(manager.listen).await.expect("connected");
        client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n").await.expect("sent");
        until_true("pong is asked", async || !pong.requests().is_empty()).await;
        Self { manager, pong, go, client, _ping: ping }
    }
}

#[tokio::test]
async fn the_head_comes_while_a_later_stroke_hangs() {
    let mut rally = Hanging::start().await;
    assert_eq!(rally.client.head().await.expect("a head").status, 200);
    assert_eq!(rally.pong.requests().len(), 1, "it came while the first one hung");
    let line = rally.client.piece().await.expect("a line");
    assert_eq!(line.as_deref(), Some("PING --> HIT\n"));
}

#[tokio::test]
async fn a_rally_that_is_left_behind_is_abandoned_and_nothing_else() {
    let rally = Hanging::start().await;
    let mut feed = Feed::open(rally.manager.listen).await;
    rally.manager.signal(Signal::STOP);
    drop(rally.client);
    rally.go.add_permits(1);
    rally.manager.signal(Signal::CONT);
    let counted = timeout(TIMEOUT, async {
        loop {
            match feed.next().await {
                Event::Score(update) if update.score.abandoned > 0 => return update.score,
                _ => {}
            }
        }
    });
    let score = counted.await.expect("it is noticed");
    assert_eq!((score.abandoned, score.rallies()), (1, 0), "{score:?}");
}
