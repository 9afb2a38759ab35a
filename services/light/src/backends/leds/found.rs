//! What an LED was before it was taken over, kept where the next process finds it.
//!
//! A process that is killed puts nothing back, and its successor would take the dark LED without a
//! trigger for what it was. So what was found is in a file of the LED's name until it is put back. A
//! restart of the machine sets the LEDs anew, so a file of another boot counts for nothing; nor does
//! one when the LED has a trigger, since somebody has set it since.

use std::fs;
use std::path::{Path, PathBuf};

use tracing::debug;

/// An LED as it was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) trigger: String,
    pub(super) brightness: String,
}

impl Found {
    /// Returns whether something else switched the LED.
    pub(super) fn has_trigger(&self) -> bool {
        self.trigger != "none"
    }
}

/// The file of one LED.
#[derive(Debug)]
pub(super) struct Memory {
    file: PathBuf,
    boot: String,
}

impl Memory {
    /// Returns the file in `state` for an LED.
    pub(super) fn of(state: &Path, led: &Path) -> Self {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
        let name = led.file_name().unwrap_or_default();
        Self { file: state.join(name), boot: boot.trim().to_owned() }
    }

    /// Returns what a process found that could not put it back, or else what is found now, which is
    /// written down.
    pub(super) fn recall_or_remember(&self, now: Found) -> Found {
        if let Some(before) = self.recall().filter(|_| !now.has_trigger()) {
            return before;
        }
        let Found { trigger, brightness } = &now;
        let text = format!("{} {trigger} {brightness}\n", self.boot);
        let folder = self.file.parent().unwrap_or(&self.file);
        let written = fs::create_dir_all(folder).and_then(|()| fs::write(&self.file, text));
        if let Err(error) = written {
            debug!(file = %self.file.display(), %error, "LED state not kept for the next start");
        }
        now
    }

    fn recall(&self) -> Option<Found> {
        let text = fs::read_to_string(&self.file).ok()?;
        let [boot, trigger, brightness] =
            text.split_whitespace().collect::<Vec<_>>().try_into().ok()?;
        let found = Found { trigger: trigger.to_owned(), brightness: brightness.to_owned() };
        (boot == self.boot).then_some(found)
    }

    /// Removes the file once the LED is what it was.
    pub(super) fn forget(&self) {
        let _ = fs::remove_file(&self.file);
    }
}
