//! The keys of a demo on a terminal: each is read when it is pressed, and none is shown.

#[cfg(unix)]
use std::io::{self, IsTerminal, Read};

use tokio::sync::mpsc;

/// How many keys may wait; more are lost.
#[cfg(unix)]
const MAX_WAITING: usize = 16;

/// The keys that are pressed. The terminal is as it was before once this is dropped, also by a panic; its
/// signals, such as Ctrl-C, work as ever.
#[derive(Debug)]
pub(crate) struct Keys {
    pressed: mpsc::Receiver<u8>,
    #[cfg(unix)]
    before: rustix::termios::Termios,
}

impl Keys {
    /// Begins to read keys if stdin is a terminal that allows it.
    #[cfg(unix)]
    pub(crate) fn read() -> Option<Self> {
        use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};
        if !io::stdin().is_terminal() {
            return None;
        }
        let before = tcgetattr(io::stdin()).ok()?;
        let mut modes = before.clone();
        modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        let keys = Self { pressed: listen(), before };
        tcsetattr(io::stdin(), OptionalActions::Now, &modes).ok()?;
        Some(keys)
    }

    /// Does nothing: here, a terminal gives whole lines.
    #[cfg(not(unix))]
    pub(crate) fn read() -> Option<Self> {
        None
    }

    /// Waits for the next key; never returns once there are no more.
    pub(crate) async fn next(&mut self) -> u8 {
        match self.pressed.recv().await {
            Some(key) => key,
            None => std::future::pending().await,
        }
    }
}

#[cfg(unix)]
impl Drop for Keys {
    fn drop(&mut self) {
        // A terminal that is gone needs nothing.
        let _ = rustix::termios::tcsetattr(
            io::stdin(),
            rustix::termios::OptionalActions::Now,
            &self.before,
        );
    }
}

/// Reads stdin in a thread of its own, which ends with the process: reading cannot be interrupted.
#[cfg(unix)]
fn listen() -> mpsc::Receiver<u8> {
    let (sender, pressed) = mpsc::channel(MAX_WAITING);
    std::thread::spawn(move || {
        for key in io::stdin().lock().bytes().map_while(Result::ok) {
            if let Err(mpsc::error::TrySendError::Closed(_)) = sender.try_send(key) {
                return;
            }
        }
    });
    pressed
}
