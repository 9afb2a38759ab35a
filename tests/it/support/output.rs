//! What a process writes, read as it is written.

use std::io::Read;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::{Condvar, Mutex};

use super::wait::TIMEOUT;

/// What has been written so far, and whether that is all.
#[derive(Default)]
struct Text {
    bytes: Vec<u8>,
    ended: bool,
}

#[derive(Default)]
struct Shared {
    text: Mutex<Text>,
    more: Condvar,
}

/// One stream of a process, read until its end.
pub(super) struct Output(Arc<Shared>);

impl Output {
    pub(super) fn read(mut from: impl Read + Send + 'static) -> Self {
        let shared = Arc::<Shared>::default();
        let reading = Arc::clone(&shared);
        std::thread::spawn(move || {
            let mut piece = [0; 8192];
            loop {
                let length = from.read(&mut piece).unwrap_or(0);
                let mut text = reading.text.lock();
                text.bytes.extend_from_slice(&piece[..length]);
                text.ended = length == 0;
                reading.more.notify_all();
                if text.ended {
                    return;
                }
            }
        });
        Self(shared)
    }

    /// Returns all that was written so far.
    pub(super) fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.0.text.lock().bytes).into_owned()
    }

    /// Waits for the first whole line of which `find` makes something; none if it does not come.
    pub(super) fn line<T>(&self, find: impl Fn(&str) -> Option<T>) -> Option<T> {
        let mut searched = 0;
        self.until(|text| {
            while let Some(length) = text.bytes[searched..].iter().position(|byte| *byte == b'\n') {
                let line = &text.bytes[searched..searched + length];
                searched += length + 1;
                if let Some(found) = find(&String::from_utf8_lossy(line)) {
                    return Some(found);
                }
            }
            None
        })
    }

    /// Waits for the end, and returns whether it came.
    pub(super) fn end(&self) -> bool {
        self.until(|text| text.ended.then_some(())).is_some()
    }

    /// Waits until `find` returns something; none when the stream ends or time is up before.
    fn until<T>(&self, mut find: impl FnMut(&Text) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + TIMEOUT;
        let mut text = self.0.text.lock();
        loop {
            let found = find(&text);
            if found.is_some() || text.ended || Instant::now() >= deadline {
                return found;
            }
            self.0.more.wait_until(&mut text, deadline);
        }
    }
}
