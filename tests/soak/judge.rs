//! Which failed requests are allowed: those at a proxy that was not well itself, and a rally that had
//! begun to be sent when its own manager was lost.

use std::sync::Arc;
use std::time::Instant;

use protocol::timing::{BUFFER_TIME, DRAIN_END, FINISH, STOP};

use crate::cluster::Cluster;
use crate::fault::{Fault, NAMES};
use crate::load::KINDS;
use crate::response::Failure;
use crate::tally::Tally;
use crate::task::Task;
use crate::violations::Violations;

/// Of so many faults there is at least one of each kind.
const ENOUGH: usize = 100;

/// Requests at a proxy that was killed.
pub(crate) const KILLED: &str = "at a proxy that was killed";
/// Requests at a proxy that stopped: refused, or answered 503.
pub(crate) const STOPPED: &str = "at a proxy that stopped: 503 or refused";
/// Requests on a connection that had not been used since before the stop. A client may repeat them
/// (RFC 9112, section 9.3.1); all others have been told that their connection closes.
pub(crate) const CROSSED: &str = "crossed the end of a connection as its proxy stopped";
/// Slow rallies that were not over when their proxy had to end.
pub(crate) const UNFINISHED: &str = "paced, over 3 s after its proxy was stopped";
/// Rallies of a manager that was killed or cut off.
pub(crate) const BROKE_OFF: &str = "paced, broke off with its manager";
/// Rallies at full speed that took so long that their start had been sent.
pub(crate) const BROKE_OFF_LATE: &str = "at full speed, broke off with its manager, after 250 ms";

/// All that is allowed, in the order of the table.
pub(crate) const ALLOWED: [&str; 6] =
    [KILLED, STOPPED, CROSSED, UNFINISHED, BROKE_OFF, BROKE_OFF_LATE];

/// Returns under which name a failure is allowed, if it is.
pub(crate) fn allowed(
    failure: &Failure,
    is_full_speed: bool,
    proxy: &Task,
    cluster: &Cluster,
    (begun, ended): (Instant, Instant),
) -> Option<&'static str> {
    if let Failure::Invalid(_) = failure {
        return None;
    }
    let suffered = proxy.faults(begun, ended);
    if suffered.iter().any(|(fault, _)| *fault == Fault::Kill) {
        return Some(KILLED);
    }
    let stopped = suffered.iter().find(|(fault, _)| *fault == Fault::Stop).map(|(_, at)| *at);
    let stopping_for = |time| stopped.is_some_and(|at| ended >= at + time);
    match failure {
        Failure::Closed(_) | Failure::Refused(_) if stopped.is_some() => Some(STOPPED),
        Failure::Lost(_) if stopping_for(DRAIN_END) && ended - begun < STOP => Some(CROSSED),
        Failure::Cut { .. } if !is_full_speed && stopping_for(FINISH) => Some(UNFINISHED),
        Failure::Cut { manager, .. } => {
            let tasks = cluster.of("manager");
            let is_named = |task: &&Arc<Task>| manager.split('@').next() == Some(&task.name);
            let lost = tasks.iter().find(is_named)?.faults(begun, ended);
            let is_lost = |fault| matches!(fault, Fault::Kill | Fault::Cut(_));
            match is_full_speed {
                _ if !lost.iter().any(|(fault, _)| is_lost(*fault)) => None,
                false => Some(BROKE_OFF),
                true => (ended - begun >= BUFFER_TIME).then_some(BROKE_OFF_LATE),
            }
        }
        _ => None,
    }
}

/// Checks that the faults happened, that every kind of client was answered, and that no more
/// connections were closed unannounced than proxies were stopped.
pub(crate) fn check(cluster: &Cluster, tally: &Tally, violations: &Violations) {
    let faults: Vec<Fault> =
        cluster.tasks().iter().flat_map(|task| task.all_faults()).map(|(fault, _)| fault).collect();
    for name in NAMES {
        if faults.len() > ENOUGH && !faults.iter().any(|fault| fault.name() == name) {
            violations.add(format!("of {} faults none was a {name}", faults.len()));
        }
    }
    for kind in KINDS.iter().filter(|kind| tally.answers(kind.name) == 0) {
        violations.add(format!("nobody received {}", kind.name));
    }
    let proxies = cluster.of("proxy");
    let stops = proxies.iter().flat_map(|proxy| proxy.all_faults());
    let stops = stops.filter(|(fault, _)| *fault == Fault::Stop).count() as u64;
    let crossed = tally.answers(CROSSED);
    if crossed > stops {
        violations.add(format!("{crossed} connections closed unannounced in {stops} stops"));
    }
}
