//! From a stroke to a lamp, and what lamps cost the manager that they subscribe to.

use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant, SystemTime};

use crate::load;
use crate::support::process::Process;

/// How long it may take to see all strokes, at one in 0.4 s.
const LIMIT: Duration = Duration::from_secs(60);

/// Starts a light with a simulated lamp on the node `here`.
pub(crate) fn light(manager: SocketAddr) -> Process {
    let managers = manager.to_string();
    Process::start(&["light", "--managers", &managers, "--lamp", "simulated", "--node", "here"])
}

/// Returns how long it took from asking for a rally until the lamp of the player's node was
/// switched, in milliseconds: one rally after the other, each of one stroke.
pub(crate) fn stroke_to_lamp(count: usize) -> Vec<f64> {
    let ping = Process::start(&["player", "--side", "ping", "--hit-chance", "0", "--node", "here"]);
    // Is never asked, since ping misses every serve.
    let pong = Process::start(&["player", "--side", "pong"]);
    let (at_ping, at_pong) = (ping.listen.to_string(), pong.listen.to_string());
    let manager = Process::start(&["manager", "--ping", &at_ping, "--pong", &at_pong]);
    let light = light(manager.listen);
    let (mut times, mut seen) = (Vec::new(), 0);
    let started = Instant::now();
    while times.len() < count {
        assert!(started.elapsed() < LIMIT, "{seen} of {count} strokes were shown");
        let asked = SystemTime::now();
        load::strokes(manager.listen, 1);
        // No more than three rallies a second are sampled, and the lamp is dark again by then.
        let deadline = Instant::now() + Duration::from_millis(400);
        while Instant::now() < deadline {
            let log = light.log();
            let lit: Vec<&str> = log.lines().filter(|line| line.contains("\"red\":true")).collect();
            if lit.len() > seen {
                let time = lit[seen].split('"').nth(3).expect("a timestamp");
                let time = humantime::parse_rfc3339(time).expect("a timestamp");
                let took = time.duration_since(asked).expect("later");
                times.push(took.as_secs_f64() * 1e3);
                seen = lit.len();
            }
            std::thread::park_timeout(Duration::from_millis(10));
        }
        assert!(seen <= count, "more flashes than strokes");
    }
    times
}

/// Some connections that follow a manager's feed until they are dropped.
pub(crate) struct Subscribers(Vec<TcpStream>);

impl Subscribers {
    pub(crate) fn new(manager: SocketAddr, count: usize) -> Self {
        let subscribe = |_| {
            let mut connection = TcpStream::connect(manager).expect("connected");
            let request = b"GET /events HTTP/1.1\r\nHost: bench\r\n\r\n";
            std::io::Write::write_all(&mut connection, request).expect("asked");
            let mut reader = connection.try_clone().expect("cloned");
            std::thread::spawn(move || {
                let mut bytes = [0; 4096];
                while reader.read(&mut bytes).is_ok_and(|length| length > 0) {}
            });
            connection
        };
        Self((0..count).map(subscribe).collect())
    }
}

impl Drop for Subscribers {
    fn drop(&mut self) {
        for connection in &self.0 {
            // Its reader ends with it.
            let _ = connection.shutdown(std::net::Shutdown::Both);
        }
    }
}

/// Returns the processor time that a process's threads have had, in seconds; zero where there is no
/// /proc.
pub(crate) fn processor_time(process: &Process) -> f64 {
    let threads = std::fs::read_dir(format!("/proc/{}/task", process.id())).into_iter().flatten();
    let nanos = threads.flatten().filter_map(|thread| {
        // Its first number, in nanoseconds (Documentation/scheduler/sched-stats.rst).
        let stat = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        stat.split_whitespace().next()?.parse::<f64>().ok()
    });
    nanos.sum::<f64>() / 1e9
}
