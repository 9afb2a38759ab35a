//! The real binary as a process, with ports of its own, ended by its id when dropped.

use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// A running service.
pub(crate) struct Process {
    child: Child,
    log: PathBuf,
    pub(crate) listen: SocketAddr,
    pub(crate) admin: SocketAddr,
    /// From the start of the process to its first accepted connection.
    pub(crate) ready_in: Duration,
}

impl Process {
    /// Starts a service on free loopback ports and waits until it accepts connections.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let n = COUNT.fetch_add(1, Ordering::Relaxed);
        let log = std::env::temp_dir().join(format!("swarm-pong-{}-{n}.log", std::process::id()));
        let begun = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_swarm-pong"))
            .args(arguments)
            .args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--log", "json"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(&log).expect("a log file"))
            .spawn()
            .expect("the binary starts");
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        let ready_in = Duration::ZERO;
        let mut process = Self { child, log, listen: nowhere, admin: nowhere, ready_in };
        while !process.find_ports() || std::net::TcpStream::connect(process.listen).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(10), "not up: {}", process.log());
            std::thread::yield_now();
        }
        process.ready_in = begun.elapsed();
        process
    }

    /// Reads the ports from the line that every service logs when it begins to serve.
    fn find_ports(&mut self) -> bool {
        let log = self.log();
        let Some(line) = log.lines().find(|line| line.contains("\"message\":\"serving\"")) else {
            return false;
        };
        let Ok(line) = serde_json::from_str::<serde_json::Value>(line) else { return false };
        let port = |field: &str| line[field].as_str().expect("a port").parse().expect("an address");
        (self.listen, self.admin) = (port("listen"), port("admin"));
        true
    }

    /// Returns what the process has logged.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// Returns the process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the process to end, at most ten seconds.
    #[allow(dead_code, reason = "not every user of this file waits")]
    pub(crate) fn wait(&mut self) -> std::process::ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("a child") {
                return status;
            }
            assert!(begun.elapsed() < Duration::from_secs(10), "still running: {}", self.log());
            std::thread::yield_now();
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already, as some tests want it to.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.log);
    }
}
