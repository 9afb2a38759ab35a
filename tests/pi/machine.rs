//! An emulated Raspberry Pi, and its registers as seen from outside.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// The interval between reads of the registers: a flash takes 100 ms.
pub(crate) const READ_INTERVAL: Duration = Duration::from_millis(4);

/// A board that QEMU emulates.
pub(crate) struct Board {
    pub(crate) name: &'static str,
    emulator: &'static str,
    machine: &'static str,
    architecture: &'static str,
    registers: &'static str,
    kernel: &'static str,
    clock: &'static [&'static str],
    pub(crate) lamps: &'static [&'static str],
}

/// A Pi 3, with every kind of lamp.
pub(crate) const PI3: Board = Board {
    name: "Raspberry Pi 3 (aarch64)",
    emulator: "qemu-system-aarch64",
    machine: "raspi3b",
    architecture: "arm64",
    registers: "0x3f200000",
    kernel: "",
    clock: &[],
    lamps: &["gpio", "rppal", "sysfs", "leds"],
};

/// A Pi Zero. Its kernel must not look for a power controller that QEMU does not have. Its clock follows
/// the instructions executed, not the host's clock: QEMU mistakes an alarm that a busy host sets too
/// late for one in 71 minutes (hw/timer/bcm2835_systmr.c), and the machine stops.
pub(crate) const ZERO: Board = Board {
    name: "Raspberry Pi Zero (ARMv6)",
    emulator: "qemu-system-arm",
    machine: "raspi0",
    architecture: "armel",
    registers: "0x20200000",
    kernel: "initcall_blacklist=bcm2835_power_driver_init",
    clock: &["-icount", "shift=auto"],
    lamps: &["rppal", "leds"],
};

/// The values of GPFSEL0 to GPFSEL2 and GPLEV0.
#[derive(Clone, Copy)]
pub(crate) struct Registers {
    pub(crate) select: [u32; 3],
    pub(crate) levels: u32,
}

/// A running machine, killed when dropped.
pub(crate) struct Machine {
    child: Child,
    socket: PathBuf,
    monitor: Monitor,
    console: Receiver<String>,
}

impl Machine {
    pub(crate) fn start(board: &Board, cache: &Path) -> Self {
        let files = cache.join(board.architecture);
        let boot = std::fs::read_dir(files.join("root/boot")).expect("a kernel").flatten();
        let kernel =
            boot.map(|entry| entry.path()).find(|path| path.to_string_lossy().contains("vmlinuz"));
        let socket = std::env::temp_dir().join(format!("pong-pi-{}.qmp", std::process::id()));
        let append = format!(
            "console=ttyAMA0,115200 iomem=relaxed rdinit=/init panic=1 quiet {} pong.lamps={}",
            board.kernel,
            board.lamps.join(",")
        );
        let mut child = Command::new(board.emulator)
            .args(["-M", board.machine, "-display", "none", "-no-reboot", "-serial", "stdio"])
            .args(["-append", &append, "-qmp", &format!("unix:{},server,nowait", socket.display())])
            .args(board.clock)
            .arg("-kernel")
            .arg(kernel.expect("a kernel"))
            .arg("-initrd")
            .arg(files.join("initrd"))
            .arg("-dtb")
            .arg(files.join("board.dtb"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("QEMU starts");
        let serial = BufReader::new(child.stdout.take().expect("a serial line"));
        let (sender, console) = channel();
        std::thread::spawn(move || {
            let lines = serial.split(b'\n').map_while(Result::ok);
            let text = |line: Vec<u8>| String::from_utf8_lossy(&line).trim_end().to_owned();
            lines.map(text).try_for_each(|line| sender.send(line))
        });
        let monitor = Monitor::connect(&socket, board);
        Self { child, socket, monitor, console }
    }

    /// Returns the next line of the console, if it comes within a moment.
    pub(crate) fn line(&mut self) -> Option<String> {
        match self.console.recv_timeout(READ_INTERVAL) {
            Ok(line) => Some(line),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => panic!("the machine has ended"),
        }
    }

    /// Prints what else the machine writes within two seconds.
    pub(crate) fn print_rest(&self) {
        let lines = std::iter::from_fn(|| self.console.recv_timeout(Duration::from_secs(2)).ok());
        lines.take(40).for_each(|line| println!("  {line}"));
    }

    /// Reads the registers from outside.
    pub(crate) fn registers(&mut self) -> Registers {
        self.monitor.registers()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.socket);
    }
}

/// A connection to the emulator of a machine, by the QEMU Machine Protocol.
pub(crate) struct Monitor {
    stream: BufReader<UnixStream>,
    command: Value,
}

impl Monitor {
    /// Connects to the emulator of a board, which may have just been started.
    pub(crate) fn connect(socket: &Path, board: &Board) -> Self {
        let started = Instant::now();
        let stream = loop {
            match UnixStream::connect(socket) {
                Ok(stream) => break stream,
                Err(_) if started.elapsed() < Duration::from_secs(20) => std::thread::yield_now(),
                Err(error) => panic!("no QEMU at {}: {error}", socket.display()),
            }
        };
        let command = format!("xp /14wx {}", board.registers);
        let command = json!({
            "execute": "human-monitor-command", "arguments": { "command-line": command }
        });
        let mut monitor = Self { stream: BufReader::new(stream), command };
        monitor.execute(&json!({ "execute": "qmp_capabilities" }));
        monitor
    }

    /// Reads the registers.
    pub(crate) fn registers(&mut self) -> Registers {
        let response = self.execute(&self.command.clone());
        let text = response.as_str().expect("text");
        let words: Vec<u32> = text
            .split_whitespace()
            .filter_map(|word| u32::from_str_radix(word.strip_prefix("0x")?, 16).ok())
            .collect();
        Registers { select: [words[0], words[1], words[2]], levels: words[13] }
    }

    fn execute(&mut self, command: &Value) -> Value {
        let text = command.to_string() + "\n";
        self.stream.get_mut().write_all(text.as_bytes()).expect("sent");
        loop {
            let mut line = String::new();
            assert!(self.stream.read_line(&mut line).expect("a response") > 0, "QEMU has ended");
            let mut response: Value = serde_json::from_str(&line).expect("JSON");
            // A greeting and events are not responses.
            if let Some(value) = response.get_mut("return") {
                return value.take();
            }
        }
    }
}
