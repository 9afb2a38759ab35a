//! From a stroke to a lamp, and what lamps cost the manager that they follow.

use std::io::Read;
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant, SystemTime};

use crate::load;
use crate::process::Process;

/// Ticks of a process's time a second, to every program (USER_HZ; proc_pid_stat(5), sysconf(3)).
const TICKS: f64 = 100.0;

/// Starts a light with a simulated lamp on the node `here`.
pub(crate) fn light(manager: SocketAddr) -> Process {
    let managers = manager.to_string();
    Process::start(&["light", "--managers", &managers, "--lamp", "simulated", "--node", "here"])
}

/// Returns how long it took from asking for a rally until the lamp of the player's node was
/// switched, in milliseconds: one rally after the other, each of one stroke.
pub(crate) fn stroke_to_lamp(count: usize) -> Vec<f64> {
    let ping = Process::start(&["player", "--side", "ping", "--hit-chance", "0", "--node", "here"]);
    let at = ping.listen.to_string();
    let manager = Process::start(&["manager", "--ping", &at, "--pong", &at]);
    let light = light(manager.listen);
    let (mut times, mut seen) = (Vec::new(), 0);
    while times.len() < count {
        let asked = SystemTime::now();
        load::strokes(manager.listen, 1);
        // No more than three rallies a second are featured, and the lamp is dark again by then.
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

/// Follows a manager's feed on some connections, until it is dropped.
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

/// Returns the processor time a process has had, in seconds; nought where there is no /proc.
pub(crate) fn processor_time(process: &Process) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.id())).unwrap_or_default();
    // The name, in brackets, may have spaces; user and system time are the 14th and 15th field.
    let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields).split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() / TICKS
}
