//! What a process writes, heard as it is written.

use std::io::Read;
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// How long anything that must happen may take, on a machine however busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// What has been written so far, and whether that is all.
#[derive(Default)]
struct Text {
    bytes: Vec<u8>,
    over: bool,
}

#[derive(Default)]
struct Told {
    text: Mutex<Text>,
    more: Condvar,
}

/// Listens to one stream of a process until its end.
pub(super) struct Heard(Arc<Told>);

impl Heard {
    pub(super) fn listen(mut from: impl Read + Send + 'static) -> Self {
        let told = Arc::<Told>::default();
        let hearing = Arc::clone(&told);
        std::thread::spawn(move || {
            let mut piece = [0; 8192];
            loop {
                let read = from.read(&mut piece).unwrap_or(0);
                let mut text = hearing.text.lock().expect("whole");
                text.bytes.extend_from_slice(&piece[..read]);
                text.over = read == 0;
                hearing.more.notify_all();
                if text.over {
                    return;
                }
            }
        });
        Self(told)
    }

    /// Returns all that was written so far.
    pub(super) fn now(&self) -> String {
        String::from_utf8_lossy(&self.0.text.lock().expect("whole").bytes).into_owned()
    }

    /// Waits for the first whole line with all of these in it; none if it does not come.
    pub(super) fn line(&self, all: &[&str]) -> Option<String> {
        let has_all = |line: &&str| all.iter().all(|part| line.contains(part));
        self.until(|text| {
            let whole = text.bytes.rsplitn(2, |byte| *byte == b'\n').nth(1)?;
            String::from_utf8_lossy(whole).lines().find(has_all).map(str::to_owned)
        })
    }

    /// Waits for the end, and tells whether it came.
    pub(super) fn end(&self) -> bool {
        self.until(|text| text.over.then_some(())).is_some()
    }

    /// Waits until there is in it what is looked for; none when it ends or time is up before.
    fn until<T>(&self, look: impl Fn(&Text) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + PATIENCE;
        let mut text = self.0.text.lock().expect("whole");
        loop {
            let found = look(&text);
            let left = deadline.saturating_duration_since(Instant::now());
            if found.is_some() || text.over || left.is_zero() {
                return found;
            }
            text = self.0.more.wait_timeout(text, left).expect("whole").0;
        }
    }
}
