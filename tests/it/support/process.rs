//! The real binary as a process, with ports of its own, killed when dropped.

use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::log;
use super::output::Output;

/// A running service.
pub(crate) struct Process {
    child: Child,
    out: Output,
    err: Output,
    /// The address of the public port; of a light, which has none, that of the admin port.
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
        Self::start_by(Command::new(binary()), arguments, environment)
    }

    /// Does the same with a command that ends in executing the binary.
    pub(crate) fn start_by(
        command: Command,
        arguments: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let started = Instant::now();
        let defaults =
            [("PONG_LISTEN", "127.0.0.1:0"), ("PONG_ADMIN", "127.0.0.1:0"), ("PONG_LOG", "json")];
        let mut process = Self::spawn_by(command, arguments, &[&defaults, environment].concat());
        // Each service of a demo logs this line; the demo's address is that of the first proxy.
        let is_demo = arguments.first() == Some(&"demo");
        let fields: &[(&str, &str)] = if is_demo { &[("span.task", "proxy.1")] } else { &[] };
        let line = process.logged(log::LISTENING, fields);
        process.admin = address(&line, "admin").expect("every service has an admin port");
        process.listen = address(&line, "listen").unwrap_or(process.admin);
        TcpStream::connect(process.listen).expect("it serves");
        process.ready_in = started.elapsed();
        process
    }

    /// Starts a scoreboard that polls these tasks, and knows no manager and no other scoreboard.
    pub(crate) fn scoreboard(tasks: &str) -> Self {
        /// Where nobody listens.
        const NOBODY: &str = "127.0.0.1:1";
        let alone = ["--managers", NOBODY, "--scoreboards", NOBODY];
        Self::start(&[&["scoreboard", "--tasks", tasks][..], &alone].concat())
    }

    /// Starts the binary and waits for nothing; of the project's variables, its environment has these
    /// and no others.
    pub(crate) fn spawn(arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        Self::spawn_by(Command::new(binary()), arguments, environment)
    }

    fn spawn_by(mut command: Command, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
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
        let out = Output::read(child.stdout.take().expect("piped"));
        let err = Output::read(child.stderr.take().expect("piped"));
        let unknown = SocketAddr::from(([0, 0, 0, 0], 0));
        Self { child, out, err, listen: unknown, admin: unknown, ready_in: Duration::ZERO }
    }

    /// Returns what the process has written to stderr.
    pub(crate) fn log(&self) -> String {
        self.err.so_far()
    }

    /// Returns the log lines so far, each complete.
    pub(crate) fn log_lines(&self) -> Vec<Value> {
        let log = self.log();
        log.rsplit_once('\n').map_or_else(Vec::new, |(complete, _)| log::lines(complete))
    }

    /// Returns what the process has written to stdout.
    pub(crate) fn out(&self) -> String {
        self.out.so_far()
    }

    /// Waits for the first log line with this message and these fields; a field of the span has a
    /// name such as `span.task`.
    pub(crate) fn logged(&self, message: &str, fields: &[(&str, &str)]) -> Value {
        let found = self.err.line(|line| {
            let line: Value = serde_json::from_str(line).ok()?;
            log::matches(&line, message, fields).then_some(line)
        });
        found.unwrap_or_else(|| panic!("no {message:?} with {fields:?} in: {}", self.log()))
    }

    /// Waits for the first line with this in it on stderr, whatever its format.
    pub(crate) fn wrote(&self, part: &str) -> String {
        let found = self.err.line(|line| line.contains(part).then(|| line.to_owned()));
        found.unwrap_or_else(|| panic!("no {part:?} in: {}", self.log()))
    }

    /// Waits for the first line with this in it on stdout.
    pub(crate) fn printed(&self, part: &str) -> String {
        let found = self.out.line(|line| line.contains(part).then(|| line.to_owned()));
        found.unwrap_or_else(|| panic!("no {part:?} in: {}", self.out()))
    }

    /// Returns the process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Asks a service to stop, as Docker does.
    pub(crate) fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a child");
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
        for output in [&self.out, &self.err] {
            assert!(output.end(), "still running: {}", self.log());
        }
        self.child.wait().expect("a child")
    }

    /// Asks a service to stop, waits for its end and returns the lines of its log.
    pub(crate) fn end(&mut self) -> Vec<Value> {
        self.terminate();
        assert_eq!(self.code(), Some(0), "{}", self.log());
        log::lines(&self.log())
    }
}

/// Returns the path of the binary: that of `PONG_BINARY` if it is set, else the one built with the tests.
pub(crate) fn binary() -> String {
    std::env::var("PONG_BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_swarm-pong").to_owned())
}

/// Returns the address in a field of a log line, if it is there.
pub(crate) fn address(line: &Value, field: &str) -> Option<SocketAddr> {
    Some(line[field].as_str()?.parse().expect("an address"))
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already, as some tests want it to.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
