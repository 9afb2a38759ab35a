//! How many files and sockets a process may have open.
//!
//! Systems start programs with a low soft limit, 1,024 on most Linux and 256 on macOS, for the sake of
//! those that use select(2); which one of ours does not. So it is raised to the hard one.

use std::io;
use std::net::TcpListener;

/// The error returned when a process may not open as many files as it needs, with what to do.
#[cfg(unix)]
#[derive(Debug, thiserror::Error)]
#[error("too many open files: the limit is {}; raise it, with 'ulimit -n' or Docker's --ulimit", format(*.0))]
struct TooManyOpenFiles(Option<u64>);

#[cfg(unix)]
fn format(limit: Option<u64>) -> String {
    limit.map_or_else(|| "not known".to_owned(), |limit| limit.to_string())
}

/// Raises the soft limit of open files to the hard one, as far as the system allows.
#[cfg(unix)]
pub fn raise_limit() {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

    /// The most that macOS allows a process, whatever its hard limit says (`OPEN_MAX`, setrlimit(2)).
    const MACOS_MAX: u64 = 10_240;

    let hard = getrlimit(Resource::Nofile).maximum;
    // With the old limit a service works as well, but for fewer clients.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: hard, maximum: hard }).or_else(|_| {
        setrlimit(Resource::Nofile, Rlimit { current: Some(MACOS_MAX), maximum: hard })
    });
}

/// Does nothing: this system has no such limit.
#[cfg(not(unix))]
pub const fn raise_limit() {}

/// Returns how many files this process may have open; none where that is not limited.
#[cfg(unix)]
#[must_use]
pub fn limit() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

/// Returns none: this system has no such limit.
#[cfg(not(unix))]
#[must_use]
pub const fn limit() -> Option<u64> {
    None
}

/// Checks that this many more files can be opened.
///
/// # Errors
///
/// That of the system, as [`explain`] has it.
pub(crate) fn check(listener: &TcpListener, count: usize) -> io::Result<()> {
    let opened = (0..count).map(|_| listener.try_clone()).collect::<io::Result<Vec<_>>>();
    opened.map(drop).map_err(explain)
}

/// Returns how many connections of clients fit into the limit of open files, when a service opens
/// `own` files for itself and perhaps another one for each client, to ask others.
pub(crate) fn max_clients(own: usize) -> usize {
    let limit = limit().map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    (limit.saturating_sub(own) / 2).max(1)
}

/// Returns whether an error of the system says that no more files can be opened.
pub(crate) fn are_exhausted(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        let exhausted = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
        exhausted.iter().any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
    }
    #[cfg(not(unix))]
    {
        let _ = error;
        false
    }
}

/// Names the limit in an error of the system that says it was reached; returns any other as it is.
pub(crate) fn explain(error: io::Error) -> io::Error {
    #[cfg(unix)]
    if error.raw_os_error() == Some(rustix::io::Errno::MFILE.raw_os_error()) {
        return io::Error::new(error.kind(), TooManyOpenFiles(limit()));
    }
    error
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_fit_is_refused_with_the_limit() {
        let error = explain(io::Error::from_raw_os_error(rustix::io::Errno::MFILE.raw_os_error()));
        let limit = limit().expect("limited");
        let expected = format!("too many open files: the limit is {limit}; raise it");
        assert!(error.to_string().starts_with(&expected), "{error}");
        let other = explain(io::ErrorKind::AddrInUse.into());
        assert_eq!(other.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn the_limit_is_raised_to_the_hard_one() {
        let hard = rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum;
        raise_limit();
        assert_eq!(limit(), hard);
    }
}
