//! Processes are killed, stopped or paused under load, and no request fails.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use protocol::timing::{BUFFER_TIME, STROKE_DEADLINE};
use rustix::process::Signal;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::support::http::Connection;
use crate::support::log::{PLAYER_FAILED, UPSTREAM_FAILED, with};
use crate::support::ports::list;
use crate::support::process::Process;
use crate::support::wait::until_true;

/// A cluster of seven processes, as small as one can be that outlives each of them.
struct Processes {
    pings: Vec<Process>,
    pongs: Vec<Process>,
    managers: Vec<Process>,
    proxy: Process,
}

fn addresses(processes: &[Process]) -> String {
    list(processes.iter().map(|process| process.listen))
}

impl Processes {
    fn start() -> Self {
        let two = |line: &[&str]| vec![Process::start(line), Process::start(line)];
        let pings = two(&["player", "--side", "ping"]);
        let pongs = two(&["player", "--side", "pong"]);
        // So short that no rally is half sent when its manager dies, on a busy machine too.
        let rounds = ["--rounds", "4", "--stroke-timeout", "2s"];
        let players = ["manager", "--ping", &addresses(&pings), "--pong", &addresses(&pongs)];
        let managers = two(&[&players[..], &rounds].concat());
        let proxy = Process::start(&["proxy", "--managers", &addresses(&managers)]);
        Self { pings, pongs, managers, proxy }
    }
}

/// Three clients that play rallies without pause; none may fail.
struct Load {
    played: Arc<AtomicU32>,
    /// How long the slowest answer took.
    slowest: Arc<Mutex<Duration>>,
    enough: CancellationToken,
    clients: JoinSet<()>,
}

impl Load {
    fn start(proxy: std::net::SocketAddr) -> Self {
        let played = Arc::<AtomicU32>::default();
        let slowest = Arc::<Mutex<Duration>>::default();
        let enough = CancellationToken::new();
        let mut clients = JoinSet::new();
        for _ in 0..3 {
            let played = Arc::clone(&played);
            let slowest = Arc::clone(&slowest);
            let enough = enough.clone();
            clients.spawn(async move {
                let mut client = Connection::open(proxy).await.expect("connected");
                while !enough.is_cancelled() {
                    let started = Instant::now();
                    client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n").await.expect("sent");
                    let answer = match client.response().await {
                        Ok(answer) => answer,
                        Err(error) => {
                            // On a machine too busy to play a rally while its start is buffered, it
                            // has been sent in part.
                            assert!(started.elapsed() > BUFFER_TIME, "a request failed: {error}");
                            client = Connection::open(proxy).await.expect("connected");
                            continue;
                        }
                    };
                    assert_eq!(answer.status, 200, "{answer:?}");
                    let end = answer.body.lines().last().expect("an end");
                    assert!(end == "DRAW" || end.starts_with("The winner is P"), "{answer:?}");
                    played.fetch_add(1, Ordering::Relaxed);
                    let mut slowest = slowest.lock();
                    *slowest = slowest.max(started.elapsed());
                }
            });
        }
        Self { played, slowest, enough, clients }
    }

    /// Waits until so many more rallies have been played; a client that failed fails the test.
    async fn play(&mut self, rallies: u32) {
        let until = self.played.load(Ordering::Relaxed) + rallies;
        until_true("rallies are played", async || {
            if let Some(ended) = self.clients.try_join_next() {
                ended.expect("no request fails");
            }
            self.played.load(Ordering::Relaxed) >= until
        })
        .await;
    }

    /// Stops the clients; returns how long the slowest answer took.
    async fn end(self) -> Duration {
        self.enough.cancel();
        self.clients.join_all().await;
        *self.slowest.lock()
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
    let failed = with(&cluster.managers[1].log_lines(), PLAYER_FAILED).len();
    assert!(failed >= 1, "a killed player was noticed: {}", cluster.managers[1].log());
    let killed = cluster.managers[0].listen.to_string();
    cluster.proxy.logged(UPSTREAM_FAILED, &[("address", &killed)]);
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

#[tokio::test]
async fn a_paused_manager_or_player_delays_no_request_for_long() {
    let cluster = Processes::start();
    for paused in [&cluster.managers[0], &cluster.pings[0], &cluster.pongs[1]] {
        let mut load = Load::start(cluster.proxy.listen);
        load.play(150).await;
        paused.signal(Signal::STOP);
        load.play(150).await;
        paused.signal(Signal::CONT);
        load.play(50).await;
        let slowest = load.end().await;
        // One second, and what a busy machine adds; the time-outs are 2 s and 5 s.
        assert!(slowest < Duration::from_millis(1_900), "{slowest:?}");
    }
    let paused = cluster.managers[0].listen.to_string();
    cluster.proxy.logged(UPSTREAM_FAILED, &[("address", &paused), ("fault", "timed out")]);
}

#[tokio::test]
async fn a_manager_that_was_paused_does_not_blame_its_players() {
    let cluster = Processes::start();
    let mut load = Load::start(cluster.managers[0].listen);
    load.play(50).await;
    let before = with(&cluster.managers[0].log_lines(), PLAYER_FAILED).len();
    cluster.managers[0].signal(Signal::STOP);
    // Longer than a stroke may take, however many players are tried.
    tokio::time::sleep(STROKE_DEADLINE + Duration::from_millis(500)).await;
    cluster.managers[0].signal(Signal::CONT);
    load.play(50).await;
    load.end().await;
    let after = with(&cluster.managers[0].log_lines(), PLAYER_FAILED).len();
    assert_eq!(after, before, "{}", cluster.managers[0].log());
}
