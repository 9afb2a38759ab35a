//! The memory of a process, as Linux counts it.

/// Returns a field of `/proc/PID/status`, such as `VmRSS`, in KiB; none if the process has been killed
/// (proc(5)).
pub(crate) fn kib(status: &str, field: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.map(|line| line.trim().trim_end_matches(" kB").parse().expect("a number"))
}
