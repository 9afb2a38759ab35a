//! What a scoreboard costs, and costs a browser, however much is played.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket};
use tokio::time::{Instant, interval, timeout};

use crate::board::{free, scoreboard, told, until_counted};
use crate::http::{Connection, PATIENCE, get};
use crate::process::Process;

/// How many rallies a second are played.
const A_SECOND: u64 = 10_000;

/// A manager that tells of 10,000 rallies a second, stroke by stroke, though managers tell of three.
async fn busy_manager() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move {
        loop {
            let (mut follower, _) = listener.accept().await.expect("followed");
            tokio::spawn(async move {
                let _ = follower.read(&mut [0; 1024]).await;
                let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
                let mut told = follower.write_all(head.as_bytes()).await;
                let mut beat = interval(Duration::from_millis(10));
                let mut rallies = 0;
                while told.is_ok() {
                    beat.tick().await;
                    let mut text = String::new();
                    for _ in 0..A_SECOND / 100 {
                        rallies += 1;
                        tell(rallies, &mut text);
                    }
                    told = follower.write_all(text.as_bytes()).await;
                }
            });
        }
    });
    address
}

fn tell(rally: u64, text: &mut String) {
    let manager = r#""manager":{"task":"manager.1","node":"pi1"}"#;
    for n in 1..=6 {
        let side = if n % 2 == 1 { "ping" } else { "pong" };
        let outcome = if n == 6 { "MISS" } else { "HIT" };
        *text += &format!(
            "event: stroke\ndata: {{\"rally\":\"f-{rally}\",\"n\":{n},\"side\":\"{side}\",\
            \"outcome\":\"{outcome}\",\"task\":\"{side}.1\",\"node\":\"pi{n}\",\"micros\":400,{manager}}}\n\n"
        );
    }
    *text += &format!(
        "event: rally\ndata: {{\"rally\":\"f-{rally}\",\"verdict\":\"ping\",\"strokes\":6,\
        \"faults\":0,\"micros\":2400,{manager}}}\n\nevent: score\ndata: {{{manager},\
        \"incarnation\":\"f\",\"score\":{{\"ping\":{rally},\"pong\":0,\"draws\":0,\"lets\":0,\
        \"abandoned\":0,\"ping_hits\":{},\"ping_misses\":0,\"pong_hits\":0,\"pong_misses\":{rally},\
        \"faults\":0,\"longest\":6}}}}\n\n",
        5 * rally
    );
}

async fn page(board: SocketAddr) -> Connection {
    let mut page = Connection::open(board).await.expect("connected");
    page.send("GET /events HTTP/1.1\r\nHost: test\r\n\r\n").await.expect("sent");
    assert_eq!(page.head().await.expect("an answer").status, 200);
    page
}

/// Returns the resident memory of a process in MB.
fn memory(process: &Process) -> f64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", process.id()));
    let status = status.unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kb = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<f64>().ok());
    kb.unwrap_or_default() / 1024.0
}

async fn pages(board: &Process) -> usize {
    let metrics = get(board.admin, "/metrics", &[]).await.body;
    let line = metrics.lines().find_map(|line| line.strip_prefix("pong_scoreboard_pages "));
    line.and_then(|pages| pages.parse().ok()).expect("a number of pages")
}

#[tokio::test]
async fn ten_thousand_rallies_a_second_cost_a_browser_ten_messages_a_second_and_no_memory() {
    let manager = busy_manager().await;
    let at = free();
    let board = scoreboard(at, &[manager], &[at]);
    let mut page = page(at).await;
    let first = page.piece().await.expect("no cut").expect("a beginning");
    assert!(first.starts_with("event: all\n"), "{first}");
    let mut messages = Vec::new();
    let mut longest = 0;
    let begun = Instant::now();
    let mut settled = 0.0;
    while begun.elapsed() < Duration::from_secs(8) {
        let Some(piece) = page.piece().await.expect("no cut") else { panic!("dropped") };
        messages.extend(piece.matches("event: news\n").map(|_| Instant::now()));
        longest = longest.max(piece.len());
        if begun.elapsed() < Duration::from_secs(3) {
            settled = memory(&board);
        }
    }
    let a_second = |from: &Instant| {
        let within = |at: &&Instant| **at >= *from && **at - *from < Duration::from_secs(1);
        messages.iter().filter(within).count()
    };
    let most = messages.iter().map(a_second).max().unwrap_or_default();
    let played = told(at).await["score"]["rallies"].clone();
    let after = memory(&board);
    println!(
        "{played} rallies: at most {most} messages a second of at most {longest} bytes; \
        {settled:.1} MB after 3 s, {after:.1} MB after 8 s"
    );
    assert!((4..=10).contains(&most), "{most} messages in a second");
    assert!(longest < 32 * 1024, "{longest} bytes");
    assert!(after < settled + 2.0, "from {settled} to {after} MB");
}

#[tokio::test]
async fn five_hundred_pages_are_told_the_same_and_leave_nothing_behind() {
    let players = ["ping", "pong"].map(|side| Process::start(&["player", "--side", side]));
    let [ping, pong] = players.each_ref().map(|player| player.listen.to_string());
    let manager = Process::start(&["manager", "--ping", &ping, "--pong", &pong]);
    let at = free();
    let board = scoreboard(at, &[manager.listen], &[at]);
    let before = memory(&board);
    let mut open = Vec::new();
    for _ in 0..500 {
        open.push(page(at).await);
    }
    assert_eq!(pages(&board).await, 500);
    let begun = Instant::now();
    assert_eq!(get(manager.listen, "/", &[]).await.status, 200);
    for page in &mut open {
        let told = async {
            let mut text = String::new();
            while !text.contains("\"strokes\":[{\"rally\"") {
                text += &page.piece().await.expect("no cut").expect("no end");
            }
        };
        timeout(PATIENCE, told).await.expect("every page is told of the rally");
    }
    let told = begun.elapsed();
    let with = memory(&board);
    drop(open);
    let mut beat = interval(Duration::from_millis(100));
    while pages(&board).await > 0 {
        beat.tick().await;
        assert!(begun.elapsed() < PATIENCE, "{} pages are still open", pages(&board).await);
    }
    println!("500 pages: told within {told:?}; {before:.1} MB before, {with:.1} MB with them");
    until_counted(at, 1).await;
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_page_that_takes_nothing_is_dropped_and_hurts_no_other() {
    let manager = busy_manager().await;
    let at = free();
    let board = scoreboard(at, &[manager], &[at]);
    // A small window, or the kernel would take minutes of news for it.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(1024).expect("a small window");
    let mut stalled = socket.connect(at).await.expect("connected");
    stalled.write_all(b"GET /events HTTP/1.1\r\nHost: test\r\n\r\n").await.expect("sent");
    let mut other = page(at).await;
    let begun = Instant::now();
    let mut silent = Duration::ZERO;
    let mut last = begun;
    let mut peak: f64 = 0.0;
    let mut next_look = begun;
    loop {
        other.piece().await.expect("no cut").expect("not dropped");
        silent = silent.max(last.elapsed());
        last = Instant::now();
        if last >= next_look {
            next_look = last + Duration::from_secs(1);
            peak = peak.max(memory(&board));
            if begun.elapsed() > Duration::from_secs(1) && pages(&board).await == 1 {
                break;
            }
            assert!(begun.elapsed() < Duration::from_secs(240), "never dropped");
        }
    }
    println!(
        "dropped after {:?}; the other page waited {silent:?} at most; {peak:.1} MB",
        begun.elapsed()
    );
    assert!(silent < Duration::from_secs(3), "{silent:?}");
}
