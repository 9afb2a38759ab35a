//! Which failed requests are allowed: those at a proxy that was not well itself, and a rally that had
//! begun to be sent when its own manager was lost.

use std::sync::Arc;
use std::time::Instant;

use protocol::timing::{BUFFER_TIME, FINISH};

use crate::fault::Fault;
use crate::response::Failure;
use crate::task::Task;

/// Requests at a proxy that was killed.
pub(crate) const KILLED: &str = "at a proxy that was killed";
/// Requests at a proxy that stopped: refused, or answered 503.
pub(crate) const STOPPED: &str = "at a proxy that stopped: 503 or refused";
/// Slow rallies that were not over when their proxy had to end.
pub(crate) const UNFINISHED: &str = "paced, over 3 s after its proxy was stopped";
/// Rallies of a manager that was killed or cut off.
pub(crate) const BROKE_OFF: &str = "paced, broke off with its manager";
/// Rallies at full speed that took so long that their start had been sent.
pub(crate) const BROKE_OFF_LATE: &str = "at full speed, broke off with its manager, after 250 ms";

/// All that is allowed, in the order of the table.
pub(crate) const ALLOWED: [&str; 5] = [KILLED, STOPPED, UNFINISHED, BROKE_OFF, BROKE_OFF_LATE];

/// Returns under which name a failure is allowed, if it is.
pub(crate) fn allowed(
    failure: &Failure,
    is_full_speed: bool,
    proxy: &Task,
    managers: &[Arc<Task>],
    (begun, ended): (Instant, Instant),
) -> Option<&'static str> {
    let suffered = proxy.faults(begun, ended);
    if suffered.contains(&Fault::Kill) {
        return Some(KILLED);
    }
    let is_stopping = suffered.contains(&Fault::Stop);
    let took = ended - begun;
    match failure {
        Failure::Closed(_) | Failure::Refused(_) if is_stopping => Some(STOPPED),
        Failure::Cut { .. } if is_stopping && !is_full_speed && took > FINISH => Some(UNFINISHED),
        Failure::Cut { manager, .. } => {
            let is_named = |task: &&Arc<Task>| manager.split('@').next() == Some(&task.name);
            let lost = managers.iter().find(is_named)?.faults(begun, ended);
            let is_lost = lost.iter().any(|fault| matches!(fault, Fault::Kill | Fault::Cut(_)));
            match is_full_speed {
                _ if !is_lost => None,
                false => Some(BROKE_OFF),
                true => (took >= BUFFER_TIME).then_some(BROKE_OFF_LATE),
            }
        }
        Failure::Closed(_) | Failure::Refused(_) | Failure::Lost(_) => None,
    }
}
