//! What an open page costs in a demo of 40 nodes, at rest and under load.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use crate::load;
use crate::support::process::Process;

/// How many nodes the demo has, and how many of their paths are measured: a proxy probes 16 others.
const NODES: usize = 40;
const MEASURED: usize = NODES * 16;

/// How long bytes are counted.
const COUNTED: Duration = Duration::from_secs(15);

/// Returns how many KB a second an open page receives at rest, and while 32 clients ask for rallies.
pub(crate) fn kilobytes_per_second() -> [f64; 2] {
    let demo = Process::start(&["demo", "--nodes", &NODES.to_string()]);
    let deadline = Instant::now() + Duration::from_secs(60);
    while !paths(demo.listen).contains(&format!("\"measured\":{MEASURED},")) {
        assert!(Instant::now() < deadline, "not all paths are measured");
        std::thread::park_timeout(Duration::from_millis(500));
    }
    let at_rest = count(demo.listen);
    let page = std::thread::spawn(move || count(demo.listen));
    load::rallies(demo.listen, 32, COUNTED + Duration::from_secs(1));
    [at_rest, page.join().expect("counted")].map(|bytes| bytes / COUNTED.as_secs_f64() / 1e3)
}

fn paths(proxy: SocketAddr) -> String {
    let mut text = String::new();
    ask(proxy, "/paths", "close").read_to_string(&mut text).expect("paths");
    text
}

/// Subscribes as a page does; returns how many bytes follow the snapshot.
fn count(proxy: SocketAddr) -> f64 {
    let mut events = ask(proxy, "/events", "keep-alive");
    let mut snapshot = Vec::new();
    let mut piece = [0; 64 * 1024];
    while !snapshot.windows(3).any(|end| end == b"}\n\n") {
        let length = events.read(&mut piece).expect("a snapshot");
        snapshot.extend_from_slice(&piece[..length]);
    }
    events.set_read_timeout(Some(Duration::from_millis(100))).expect("a time-out");
    let begun = Instant::now();
    let mut bytes = 0;
    while begun.elapsed() < COUNTED {
        match events.read(&mut piece) {
            Ok(length) => bytes += length,
            Err(error) => assert!(matches!(error.kind(), ErrorKind::WouldBlock), "{error}"),
        }
    }
    bytes as f64
}

fn ask(proxy: SocketAddr, path: &str, connection: &str) -> TcpStream {
    let mut stream = TcpStream::connect(proxy).expect("connected");
    let request = format!("GET {path} HTTP/1.1\r\nHost: bench\r\nConnection: {connection}\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("asked");
    stream
}
