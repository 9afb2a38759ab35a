//! The demo on a terminal of its own.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::num::NonZero;
use std::process::{Child, Command};
use std::sync::Arc;

use parking_lot::Mutex;
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};
use vt100::Parser;

use crate::support::process::binary;
use crate::support::wait::until_true;

/// A demo, and the terminal that it runs on.
struct Terminal {
    demo: Child,
    keyboard: File,
    screen: Arc<Mutex<Parser>>,
}

impl Terminal {
    fn start(columns: u16, rows: u16, nodes: &str) -> Self {
        let end = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&end).and_then(|()| unlockpt(&end)).expect("a terminal");
        let name = ptsname(&end, Vec::new()).expect("a name");
        let name = name.to_str().expect("ASCII");
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&end, size).expect("resized");
        let stdio = || OpenOptions::new().read(true).write(true).open(name).expect("a terminal");
        let demo = Command::new(binary())
            .args(["demo", "--nodes", nodes, "--listen", "127.0.0.1:0"])
            .env("TERM", "xterm")
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio())
            .spawn()
            .expect("it starts");
        let [columns, rows] = [columns, rows].map(|size| NonZero::new(size).expect("positive"));
        let screen = Arc::new(Mutex::new(Parser::new(rows, columns, 0)));
        let shown = Arc::clone(&screen);
        let keyboard = File::from(end);
        let mut output = keyboard.try_clone().expect("a descriptor");
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = output.read(&mut bytes) {
                shown.lock().process(&bytes[..read]);
            }
        });
        Self { demo, keyboard, screen }
    }

    fn press(&mut self, key: &str) {
        self.keyboard.write_all(key.as_bytes()).expect("pressed");
    }

    async fn until(&self, text: &str) {
        until_true(text, async || self.screen.lock().screen().contents().contains(text)).await;
    }

    /// Returns whether lines are edited and keys shown.
    fn is_as_before(&self) -> bool {
        let modes = tcgetattr(&self.keyboard).expect("modes").local_modes;
        modes.contains(LocalModes::ICANON | LocalModes::ECHO)
    }

    /// Waits until the demo has ended; returns whether that was with 0.
    async fn ends_well(&mut self) -> bool {
        let mut well = false;
        until_true("it ends", async || {
            let status = self.demo.try_wait().expect("a status");
            well = status.is_some_and(|status| status.success());
            status.is_some()
        })
        .await;
        well
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.demo.kill();
        let _ = self.demo.wait();
    }
}

#[tokio::test]
async fn a_demo_stays_in_place_takes_keys_and_leaves_the_terminal_as_it_was() {
    for (columns, rows, nodes) in [(80, 24, "64"), (120, 40, "1")] {
        let mut terminal = Terminal::start(columns, rows, nodes);
        terminal.until("p plays a rally").await;
        assert!(!terminal.is_as_before(), "keys come at once");
        terminal.press("p");
        terminal.until("last rally: ").await;
        terminal.press("?");
        terminal.until("Each request").await;
        terminal.press("?");
        terminal.until("last rally: ").await;
        let screen = terminal.screen.lock().screen().contents();
        for text in [format!("swarm-pong {}", env!("CARGO_PKG_VERSION")), format!("  pi{nodes}  ")]
        {
            assert_eq!(screen.matches(&text).count(), 1, "{text}: {screen}");
        }
        terminal.press("q");
        assert!(terminal.ends_well().await);
        assert!(terminal.is_as_before());
    }
}

#[tokio::test]
async fn a_demo_that_is_stopped_by_a_signal_leaves_the_terminal_as_it_was() {
    let mut terminal = Terminal::start(80, 24, "3");
    terminal.until("p plays a rally").await;
    let pid = Pid::from_child(&terminal.demo);
    kill_process(pid, Signal::TERM).expect("it runs");
    assert!(terminal.ends_well().await && terminal.is_as_before());
}
