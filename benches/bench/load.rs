//! Clients that ask for rallies without pause, each on one connection of its own.

use std::net::SocketAddr;
use std::ops::AddAssign;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::figures::percentile;

/// The results of a load.
#[derive(Default)]
pub(crate) struct Load {
    seconds: f64,
    rallies: Vec<f64>,
    strokes: Vec<f64>,
    played: u64,
    pub(crate) failed: u64,
}

impl Load {
    pub(crate) fn rallies_per_second(&self) -> f64 {
        self.rallies.len() as f64 / self.seconds
    }

    pub(crate) fn strokes_per_second(&self) -> f64 {
        self.played as f64 / self.seconds
    }

    /// Returns a percentile of the rallies' times, in milliseconds.
    pub(crate) fn percentile(&mut self, p: f64) -> f64 {
        percentile(&mut self.rallies, p) / 1e3
    }

    /// Returns a percentile of the strokes' times as the manager measures them, in microseconds.
    pub(crate) fn stroke_percentile(&mut self, p: f64) -> f64 {
        percentile(&mut self.strokes, p)
    }
}

impl AddAssign for Load {
    fn add_assign(&mut self, other: Self) {
        self.seconds += other.seconds;
        self.rallies.extend(other.rallies);
        self.strokes.extend(other.strokes);
        self.played += other.played;
        self.failed += other.failed;
    }
}

/// Has `clients` ask for rallies for some time; one in sixteen asks for the strokes' times too.
pub(crate) fn rallies(address: SocketAddr, clients: usize, time: Duration) -> Load {
    let begun = Instant::now();
    let mut load = block_on(async {
        let clients: Vec<_> = (0..clients)
            .map(|n| {
                tokio::spawn(client(address, "/", n % 16 == 15, move || begun.elapsed() < time))
            })
            .collect();
        let mut load = Load::default();
        for client in clients {
            load += client.await.expect("a client");
        }
        load
    });
    load.seconds = begun.elapsed().as_secs_f64();
    load
}

/// Returns how long each stroke of some rallies took as the manager measures it, in microseconds.
pub(crate) fn strokes(address: SocketAddr, rallies: usize) -> Vec<f64> {
    let mut left = 0..rallies;
    let go_on = move || left.next().is_some();
    block_on(client(address, "/", true, go_on)).strokes
}

/// Clients that ask for rallies until this is dropped.
pub(crate) struct Crowd {
    enough: CancellationToken,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Crowd {
    pub(crate) fn start(address: SocketAddr, path: &'static str, clients: usize) -> Self {
        let enough = CancellationToken::new();
        let until = enough.clone();
        let all = move || {
            block_on(until.run_until_cancelled(async {
                let clients = (0..clients).map(|_| client(address, path, false, || true));
                futures_util::future::join_all(clients).await
            }));
        };
        Self { enough, thread: Some(std::thread::spawn(all)) }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.enough.cancel();
        self.thread.take().into_iter().for_each(|thread| thread.join().expect("clients"));
    }
}

/// Runs a future on this thread.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}

async fn client(
    address: SocketAddr,
    path: &str,
    timed: bool,
    mut go_on: impl FnMut() -> bool,
) -> Load {
    let mut load = Load::default();
    let mut connection = connect(address).await;
    let mut is_kept = false;
    let accept = if timed { "application/x-ndjson" } else { "text/plain" };
    let request = format!("GET {path} HTTP/1.1\r\nHost: bench\r\nAccept: {accept}\r\n\r\n");
    let mut answer = Vec::with_capacity(32 * 1024);
    while go_on() {
        let begun = Instant::now();
        let closes = loop {
            // A connection that was kept may have made room for another one meanwhile (RFC 9112, section
            // 9.3.1).
            if let Some(closes) = ask(&mut connection, &request, &mut answer).await {
                break closes;
            }
            assert!(is_kept, "connection closed");
            connection = connect(address).await;
            is_kept = false;
        };
        is_kept = !closes;
        load.rallies.push(begun.elapsed().as_secs_f64() * 1e6);
        if closes {
            connection = connect(address).await;
        }
        let text = String::from_utf8_lossy(&answer);
        if text.contains("retry-after: ") && path != "/" {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        if timed {
            let lines = text.lines().filter_map(|line| line.split_once("\"micros\":"));
            let strokes = lines.filter(|(before, _)| before.contains("\"outcome\""));
            let times = strokes.filter_map(|(_, after)| after.split_once(',')?.0.parse().ok());
            let before = load.strokes.len();
            load.strokes.extend::<Vec<f64>>(times.collect());
            load.played += (load.strokes.len() - before) as u64;
            load.failed += u64::from(!text.contains("\"verdict\""));
        } else {
            load.played += text.matches(" --> ").count() as u64;
            load.failed += u64::from(!text.contains("winner") && !text.contains("DRAW"));
        }
    }
    load
}

async fn connect(address: SocketAddr) -> TcpStream {
    let connection = TcpStream::connect(address).await.expect("connected");
    connection.set_nodelay(true).expect("no delay");
    connection
}

/// Sends a request and reads the answer, by its length or by its chunks; returns whether its connection
/// closes, or nothing if that is closed already.
async fn ask(connection: &mut TcpStream, request: &str, answer: &mut Vec<u8>) -> Option<bool> {
    answer.clear();
    connection.write_all(request.as_bytes()).await.ok()?;
    loop {
        if !connection.read_buf(answer).await.is_ok_and(|length| length > 0) {
            assert!(answer.is_empty(), "an answer is cut off");
            return None;
        }
        let Some(head) = answer.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&answer[..head]).to_ascii_lowercase();
        let length = text.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        let whole = match length {
            Some(length) => answer.len() >= head + 4 + length.parse::<usize>().expect("a length"),
            None => answer.ends_with(b"0\r\n\r\n"),
        };
        if whole {
            return Some(text.contains("connection: close"));
        }
    }
}
