//! What a scoreboard costs, and costs a browser, however much is played.

use std::net::SocketAddr;
use std::time::Duration;

use game::{Outcome, Score, Side};
use protocol::event::{ManagerScore, RallyEnd, RallyResult, Stroke};
use protocol::id::InstanceId;
use protocol::task::Task;
use server::feed::render;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use super::scoreboards::{fetch, one_scoreboard, until_counted};
use crate::support::http::{Connection, get};
use crate::support::match_::Match;
use crate::support::memory::kib;
use crate::support::peer::{answer_check, sign};
use crate::support::process::Process;
use crate::support::wait::{TIMEOUT, until_true};

/// How many rallies a second are played.
const RALLIES_PER_SECOND: u64 = 10_000;

/// Starts a manager that publishes 10,000 rallies a second with all their strokes, though managers
/// publish three.
pub(super) async fn busy_manager() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        loop {
            let (mut subscriber, _) = listener.accept().await.expect("a subscriber");
            tokio::spawn(async move {
                let mut request = [0; 1024];
                let length = subscriber.read(&mut request).await.unwrap_or_default();
                let request = String::from_utf8_lossy(&request[..length]);
                if let Some(answer) = answer_check(&request) {
                    let _ = subscriber.write_all(&answer).await;
                    return;
                }
                let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
                let mut sent = subscriber.write_all(&sign(&request, head.as_bytes())).await;
                let mut interval = interval(Duration::from_millis(10));
                // A busy machine gets fewer rallies, not all at once.
                interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
                let mut rallies = 0;
                while sent.is_ok() {
                    interval.tick().await;
                    let mut events = Vec::new();
                    for _ in 0..RALLIES_PER_SECOND / 100 {
                        rallies += 1;
                        publish(rallies, &mut events);
                    }
                    sent = subscriber.write_all(&events).await;
                }
            });
        }
    });
    address
}

/// Appends the events of the n-th rally: six strokes, its end, and the score.
fn publish(n: u64, events: &mut Vec<u8>) {
    let manager: Task = "manager.1@pi1".parse().expect("a task");
    let instance = InstanceId::new(0xf);
    let rally = protocol::id::RallyId::new(&instance, n);
    for stroke in 1..=6 {
        let side = if stroke % 2 == 1 { Side::Ping } else { Side::Pong };
        let stroke = Stroke {
            rally: rally.clone(),
            n: stroke,
            side,
            outcome: if stroke == 6 { Outcome::Miss } else { Outcome::Hit },
            player: format!("{}.1@pi{stroke}", side.name()).parse().expect("a task"),
            release: None,
            arch: None,
            micros: 400,
            manager: manager.clone(),
            proxy: None,
        };
        events.extend_from_slice(&render("stroke", &stroke));
    }
    let result = RallyResult {
        rally,
        end: RallyEnd::Ping,
        strokes: 6,
        faults: 0,
        micros: 2400,
        manager: manager.clone(),
        proxy: None,
    };
    events.extend_from_slice(&render("rally", &result));
    let score = Score { ping: n, ping_hits: 5 * n, pong_misses: n, longest: 6, ..Score::default() };
    events.extend_from_slice(&render("score", &ManagerScore { manager, instance, score }));
}

/// Subscribes to a scoreboard's events, as a page does.
pub(super) async fn page(scoreboard: SocketAddr) -> Connection {
    let mut page = Connection::open(scoreboard).await.expect("connected");
    page.send("GET /events HTTP/1.1\r\nHost: test\r\n\r\n").await.expect("sent");
    assert_eq!(page.head().await.expect("a response").status, 200);
    page
}

/// Returns the resident memory of a process in MB.
fn memory(process: &Process) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id()));
    kib(&status.unwrap_or_default(), "VmRSS").unwrap_or_default() / 1024.0
}

/// Returns how many pages subscribe to a scoreboard.
async fn subscribers(scoreboard: &Process) -> usize {
    let metrics = get(scoreboard.admin, "/metrics", &[]).await.body;
    let mut lines = metrics.lines();
    let line = lines.find_map(|line| line.strip_prefix("pong_scoreboard_subscribers "));
    line.and_then(|count| count.parse().ok()).expect("a number of subscribers")
}

#[tokio::test]
async fn ten_thousand_rallies_a_second_cost_a_browser_ten_messages_a_second_and_no_memory() {
    let manager = busy_manager().await;
    let scoreboard = one_scoreboard(&[manager]);
    let mut page = page(scoreboard.listen).await;
    let first = page.piece().await.expect("no cut").expect("a beginning");
    assert!(first.starts_with("event: snapshot\n"), "{first}");
    let mut messages = 0;
    let mut longest = 0;
    let started = Instant::now();
    let mut settled = 0.0;
    while started.elapsed() < Duration::from_secs(8) {
        let Some(piece) = page.piece().await.expect("no cut") else { panic!("dropped") };
        messages += piece.matches("event: update\n").count();
        longest = longest.max(piece.len());
        if started.elapsed() < Duration::from_secs(3) {
            settled = memory(&scoreboard);
        }
    }
    // On a busy machine messages arrive in bunches, so only their average is bounded.
    let per_second = messages as f64 / started.elapsed().as_secs_f64();
    let played = fetch(scoreboard.listen).await.score.rallies;
    let after = memory(&scoreboard);
    println!(
        "{played} rallies: {per_second:.1} messages a second of at most {longest} bytes; \
        {settled:.1} MB after 3 s, {after:.1} MB after 8 s"
    );
    assert!((1.0..=10.0).contains(&per_second), "{per_second} messages a second");
    assert!(longest < 32 * 1024, "{longest} bytes");
    assert!(after < settled + 2.0, "from {settled} to {after} MB");
}

#[tokio::test]
async fn five_hundred_subscribers_get_the_same_updates_and_are_cleaned_up() {
    let game = Match::start(&[]);
    let scoreboard = one_scoreboard(&[game.address()]);
    // A rally that is played before the scoreboard is connected is not shown.
    let at = scoreboard.listen;
    until_counted(at, 0).await;
    let before = memory(&scoreboard);
    let mut open = Vec::new();
    for _ in 0..500 {
        open.push(page(at).await);
    }
    assert_eq!(subscribers(&scoreboard).await, 500);
    let started = Instant::now();
    assert_eq!(get(game.address(), "/", &[]).await.status, 200);
    for page in &mut open {
        let updated = async {
            let mut text = String::new();
            while !text.contains("\"strokes\":[{\"rally\"") {
                text += &page.piece().await.expect("no cut").expect("no end");
            }
        };
        timeout(TIMEOUT, updated).await.expect("every page gets the rally");
    }
    let updated = started.elapsed();
    let with = memory(&scoreboard);
    drop(open);
    until_true("all are gone", async || subscribers(&scoreboard).await == 0).await;
    println!(
        "500 pages: updated within {updated:?}; {before:.1} MB before, {with:.1} MB with them"
    );
    until_counted(at, 1).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_page_that_reads_nothing_is_dropped_and_delays_no_other() {
    let manager = busy_manager().await;
    let scoreboard = one_scoreboard(&[manager]);
    let at = scoreboard.listen;
    // A small window, or the kernel would buffer minutes of updates for it.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(1024).expect("a small window");
    let mut stalled = socket.connect(at).await.expect("connected");
    stalled.write_all(b"GET /events HTTP/1.1\r\nHost: test\r\n\r\n").await.expect("sent");
    let mut other = page(at).await;
    let started = Instant::now();
    let mut silent = Duration::ZERO;
    let mut last = started;
    let mut peak: f64 = 0.0;
    let mut next_check = started;
    loop {
        other.piece().await.expect("no cut").expect("not dropped");
        silent = silent.max(last.elapsed());
        last = Instant::now();
        if last >= next_check {
            next_check = last + Duration::from_secs(1);
            peak = peak.max(memory(&scoreboard));
            if started.elapsed() > Duration::from_secs(1) && subscribers(&scoreboard).await == 1 {
                break;
            }
            assert!(started.elapsed() < Duration::from_secs(240), "never dropped");
        }
    }
    println!(
        "dropped after {:?}; the other page waited {silent:?} at most; {peak:.1} MB",
        started.elapsed()
    );
    // A page that reads nothing is kept for 30 s: if it delayed the others, it would be that long.
    assert!(silent < Duration::from_secs(10), "{silent:?}");
}
