//! What happens to a task.

use std::time::Duration;

use rand::RngExt;
use rand::rngs::StdRng;

/// Something that a task suffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// `kill -9`; a new process replaces it.
    Kill,
    /// SIGTERM, as an update sends it; a new process replaces it.
    Stop,
    /// SIGSTOP, and SIGCONT after this time.
    Pause(Duration),
    /// Its connections are reset, and so is each new one, for this time.
    Cut(Duration),
    /// What is sent to it, or by it in answer, does not arrive for this time.
    Silence(Duration),
}

/// The names of all faults, in the order of the table.
pub(crate) const NAMES: [&str; 5] = ["kill", "stop", "pause", "cut", "silence"];

/// How long a fault lasts that has an end, in milliseconds.
const MILLIS: std::ops::Range<u64> = 250..3000;

impl Fault {
    /// Draws a fault: of the process, of the network before it, or of both.
    pub(crate) fn draw(random: &mut StdRng, can_end: bool, has_relay: bool) -> Self {
        let lasts = Duration::from_millis(random.random_range(MILLIS));
        let mut kinds = vec![Self::Pause(lasts)];
        if can_end {
            kinds.extend([Self::Kill, Self::Stop]);
        }
        if has_relay {
            kinds.extend([Self::Cut(lasts), Self::Silence(lasts)]);
        }
        kinds[random.random_range(0..kinds.len())]
    }

    /// Returns its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Kill => NAMES[0],
            Self::Stop => NAMES[1],
            Self::Pause(_) => NAMES[2],
            Self::Cut(_) => NAMES[3],
            Self::Silence(_) => NAMES[4],
        }
    }
}
