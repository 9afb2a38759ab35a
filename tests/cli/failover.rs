//! Processes are killed under load, and no request fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::http::{Connection, PATIENCE};
use crate::process::Process;

/// How long a proxy holds the beginning of an answer back.
const HELD_BACK: Duration = Duration::from_millis(250);

/// A cluster of seven processes, as small as one can be that outlives each of them.
struct Processes {
    pings: Vec<Process>,
    pongs: Vec<Process>,
    managers: Vec<Process>,
    proxy: Process,
}

fn join(processes: &[Process]) -> String {
    processes.iter().map(|process| process.listen.to_string()).collect::<Vec<_>>().join(",")
}

impl Processes {
    fn start() -> Self {
        let two = |line: &[&str]| vec![Process::start(line), Process::start(line)];
        let pings = two(&["player", "--side", "ping"]);
        let pongs = two(&["player", "--side", "pong"]);
        // So short that no rally is half sent when its manager dies, on a busy machine too.
        let rounds = ["--rounds", "4", "--stroke-timeout", "2s"];
        let peers = ["manager", "--ping", &join(&pings), "--pong", &join(&pongs)];
        let managers = two(&[&peers[..], &rounds].concat());
        let proxy = Process::start(&["proxy", "--managers", &join(&managers)]);
        Self { pings, pongs, managers, proxy }
    }
}

/// Three clients that play rallies without pause; none may fail.
struct Load {
    played: Arc<AtomicU32>,
    enough: CancellationToken,
    clients: JoinSet<()>,
}

impl Load {
    fn start(door: std::net::SocketAddr) -> Self {
        let (played, enough) = (Arc::<AtomicU32>::default(), CancellationToken::new());
        let mut clients = JoinSet::new();
        for _ in 0..3 {
            let (played, enough) = (Arc::clone(&played), enough.clone());
            clients.spawn(async move {
                let mut client = Connection::open(door).await.expect("connected");
                while !enough.is_cancelled() {
                    let begun = Instant::now();
                    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n").await.expect("sent");
                    let answer = match client.answer().await {
                        Ok(answer) => answer,
                        Err(error) => {
                            // On a machine too busy to play a rally while its beginning is held
                            // back, it has been sent in part.
                            assert!(begun.elapsed() > HELD_BACK, "a request failed: {error}");
                            client = Connection::open(door).await.expect("connected");
                            continue;
                        }
                    };
                    assert_eq!(answer.status, 200, "{answer:?}");
                    let end = answer.body.lines().last().expect("an end");
                    assert!(end == "DRAW" || end.starts_with("The winner is P"), "{answer:?}");
                    played.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        Self { played, enough, clients }
    }

    /// Waits until so many more rallies have been played; a client that failed fails the test.
    async fn play(&mut self, rallies: u32) {
        let until = self.played.load(Ordering::Relaxed) + rallies;
        let mut look = interval(Duration::from_millis(5));
        let played = async {
            while self.played.load(Ordering::Relaxed) < until {
                look.tick().await;
                if let Some(ended) = self.clients.try_join_next() {
                    ended.expect("no request fails");
                }
            }
        };
        timeout(PATIENCE, played).await.expect("rallies are played");
    }

    async fn end(self) {
        self.enough.cancel();
        self.clients.join_all().await;
    }
}

#[tokio::test]
async fn kill_9_of_a_player_of_each_side_and_a_manager_fails_no_request() {
    let mut cluster = Processes::start();
    let mut load = Load::start(cluster.proxy.listen);
    load.play(40).await;
    cluster.pings[0].kill();
    load.play(40).await;
    cluster.pongs[1].kill();
    load.play(40).await;
    cluster.managers[0].kill();
    load.play(80).await;
    load.end().await;
    let lines = cluster.managers[1].log();
    assert!(lines.contains("player failed"), "a killed player was noticed: {lines}");
    cluster.proxy.logged(&["upstream failed", &cluster.managers[0].listen.to_string()]);
}

#[tokio::test]
async fn a_manager_and_players_that_are_stopped_in_good_order_fail_no_request() {
    let mut cluster = Processes::start();
    let mut load = Load::start(cluster.proxy.listen);
    load.play(50).await;
    for stopped in [&cluster.pings[1], &cluster.pongs[0], &cluster.managers[1]] {
        stopped.terminate();
        load.play(60).await;
    }
    for stopped in [&mut cluster.pings[1], &mut cluster.pongs[0], &mut cluster.managers[1]] {
        assert_eq!(stopped.code(), Some(0));
    }
    load.play(50).await;
    load.end().await;
}
