//! A folder such as /sys/devices/platform, whose LEDs record everything that is written to them.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;
use tokio::net::unix::pipe::OpenOptions;

const NAMES: [&str; 3] = ["pong-red", "pong-yellow", "pong-green"];

/// Three LEDs that a trigger has lit, as the kernel may leave them. Their brightness is a pipe, so
/// that every change is recorded however busy the machine is.
pub(crate) struct Leds {
    folder: TempDir,
    platform: PathBuf,
    pipes: Vec<(File, String)>,
}

impl Leds {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
        let platform = folder.path().join("platform");
        fs::create_dir(&platform).expect("a folder");
        Self { folder, platform, pipes: Vec::new() }
    }

    pub(crate) fn path(&self) -> &str {
        self.platform.to_str().expect("a name in UTF-8")
    }

    /// Returns the folder for what a light finds.
    pub(crate) fn state(&self) -> &str {
        self.folder.path().to_str().expect("a name in UTF-8")
    }

    /// Returns the command line of a light whose lamp they are.
    pub(crate) fn light(&self) -> [&str; 7] {
        ["light", "--lamp", "leds", "--leds", self.path(), "--state", self.state()]
    }

    /// Makes the LEDs appear, all at once.
    pub(crate) fn appear(&mut self) {
        let prepared = self.folder.path().join("prepared");
        for name in NAMES {
            let led = prepared.join("leds").join(name);
            fs::create_dir_all(&led).expect("a folder");
            fs::write(led.join("max_brightness"), "1\n").expect("written");
            fs::write(led.join("trigger"), "none [heartbeat] timer\n").expect("written");
            let brightness = led.join("brightness");
            let made = Command::new("mkfifo").arg(&brightness).status().expect("mkfifo");
            assert!(made.success());
            let pipe = OpenOptions::new().read_write(true).open_receiver(brightness);
            let pipe = pipe.and_then(|pipe| pipe.into_nonblocking_fd()).expect("a pipe");
            self.pipes.push((pipe.into(), String::new()));
        }
        fs::rename(prepared, self.platform.join("leds")).expect("renamed");
    }

    /// Returns what has been written to the red, the yellow and the green LED, a digit a change.
    pub(crate) fn written(&mut self) -> [String; 3] {
        for (pipe, written) in &mut self.pipes {
            let mut bytes = [0; 1024];
            while let Ok(length @ 1..) = pipe.read(&mut bytes) {
                written.push_str(std::str::from_utf8(&bytes[..length]).expect("digits"));
            }
        }
        [0, 1, 2].map(|n| self.pipes[n].1.clone())
    }

    /// Returns how often the red and the green LED have been lit and dark again.
    pub(crate) fn flashes(&mut self) -> [usize; 2] {
        let [red, _, green] = self.written();
        [red, green].map(|led| led.matches("10").count())
    }

    /// Fills the red LED's pipe, so that whoever switches it waits until [`written`](Self::written)
    /// has read it.
    pub(crate) fn hang(&mut self) {
        let (pipe, _) = &mut self.pipes[0];
        while pipe.write(&[b'0'; 4096]).is_ok() {}
        while pipe.write(b"0").is_ok() {}
    }

    pub(crate) fn triggers(&self) -> [String; 3] {
        let trigger = |name| self.platform.join("leds/leds").join(name).join("trigger");
        NAMES.map(|name| fs::read_to_string(trigger(name)).expect("a trigger"))
    }
}
