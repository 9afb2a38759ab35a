//! The memory of a process, as the kernel counts it.

use std::fs;

use crate::support::memory::kib;

/// Forgets the peak so far (proc(5), `clear_refs`).
pub(crate) fn reset_peak(process: u32) {
    fs::write(format!("/proc/{process}/clear_refs"), "5").expect("a running process");
}

/// Returns the most that a process had in memory, in megabytes; nothing if it has been killed.
pub(crate) fn peak_mb(process: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).expect("not waited for");
    kib(&status, "VmHWM").unwrap_or_default() / 1024.0
}
