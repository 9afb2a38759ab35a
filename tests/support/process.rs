//! The real binary as a process, with ports of its own, ended by its id when dropped.

#![allow(dead_code, reason = "not every user of this file needs all of it")]

use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

#[path = "heard.rs"]
mod heard;

use heard::Heard;

/// A running service.
pub(crate) struct Process {
    child: Child,
    out: Heard,
    err: Heard,
    pub(crate) listen: SocketAddr,
    pub(crate) admin: SocketAddr,
    /// From the start of the process to its first accepted connection.
    pub(crate) ready_in: Duration,
}

impl Process {
    /// Starts a service and waits until it accepts connections; on free loopback ports and with log
    /// lines in JSON unless its options say otherwise.
    pub(crate) fn start(arguments: &[&str]) -> Self {
        Self::start_with(arguments, &[])
    }

    /// Starts a service with more in its environment, and waits until it accepts connections.
    pub(crate) fn start_with(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let begun = Instant::now();
        let free = [("PONG_LISTEN", "127.0.0.1:0"), ("PONG_ADMIN", "127.0.0.1:0")];
        let own = [&free[..], &[("PONG_LOG", "json")], environment].concat();
        let mut process = Self::spawn(arguments, &own);
        // A demo logs a line for each of its services; its door is the first proxy's.
        let serves = if arguments.first() == Some(&"demo") { "\"proxy.1\"" } else { "" };
        let line = process.logged(&["\"message\":\"serving\"", serves]);
        let port = |field: &str| line[field].as_str().expect("a port").parse().expect("an address");
        (process.listen, process.admin) = (port("listen"), port("admin"));
        TcpStream::connect(process.listen).expect("it serves");
        process.ready_in = begun.elapsed();
        process
    }

    /// Starts the binary and waits for nothing; of the project's variables, its environment has
    /// these and no others.
    pub(crate) fn spawn(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_swarm-pong"));
        let inherited = std::env::vars().map(|(name, _)| name);
        for name in inherited.filter(|name| name.starts_with("PONG_")) {
            command.env_remove(name);
        }
        let mut child = command
            .args(arguments)
            .envs(environment.iter().copied())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let out = Heard::listen(child.stdout.take().expect("piped"));
        let err = Heard::listen(child.stderr.take().expect("piped"));
        let nowhere = SocketAddr::from(([0, 0, 0, 0], 0));
        Self { child, out, err, listen: nowhere, admin: nowhere, ready_in: Duration::ZERO }
    }

    /// Returns what the process has written to stderr.
    pub(crate) fn log(&self) -> String {
        self.err.now()
    }

    /// Returns what the process has written to stdout.
    pub(crate) fn out(&self) -> String {
        self.out.now()
    }

    /// Waits for the first log line with all of these in it.
    pub(crate) fn logged(&self, all: &[&str]) -> serde_json::Value {
        let line = self.err.line(all).unwrap_or_else(|| panic!("no {all:?} in: {}", self.log()));
        serde_json::from_str(&line).expect("log lines are JSON")
    }

    /// Waits for the first line with this in it on stderr, whatever its format.
    pub(crate) fn wrote(&self, part: &str) -> String {
        self.err.line(&[part]).unwrap_or_else(|| panic!("no {part:?} in: {}", self.log()))
    }

    /// Waits for the first line with this in it on stdout.
    pub(crate) fn printed(&self, part: &str) -> String {
        self.out.line(&[part]).unwrap_or_else(|| panic!("no {part:?} in: {}", self.out()))
    }

    /// Returns the process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends a service in good order, as Docker does.
    pub(crate) fn terminate(&self) {
        self.signal("TERM");
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.id());
        let sent = Command::new("/bin/sh").args(["-c", &kill]).status();
        assert!(sent.expect("every Unix has /bin/sh").success(), "{kill}");
    }

    /// Ends the process as a power cut does (`kill -9`).
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("a child");
        self.child.wait().expect("a child");
    }

    /// Waits for the process to end by itself and returns its exit code.
    pub(crate) fn code(&mut self) -> Option<i32> {
        self.wait().code()
    }

    /// Waits for the process to end by itself.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        for heard in [&self.out, &self.err] {
            assert!(heard.end(), "still running: {}", self.log());
        }
        self.child.wait().expect("a child")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already, as some tests want it to.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
