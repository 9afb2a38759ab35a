//! What may go wrong when one service calls another.

use std::error::Error;
use std::io;

use protocol::probe::ProbeFailure;
use reqwest::StatusCode;

/// Why a call got no valid response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Fault {
    /// Nobody listens at the address.
    #[error("connection refused")]
    Refused,
    /// There is no route to the address.
    #[error("host unreachable")]
    Unreachable,
    /// The connection was closed or reset before the response was complete.
    #[error("connection reset")]
    Reset,
    /// The response did not come in time.
    #[error("timed out")]
    Timeout,
    /// The answer came from somebody else than the service that was meant.
    #[error("answered by another service")]
    WrongService,
    /// The status is not 200.
    #[error("status {0}")]
    Status(StatusCode),
    /// The body is not what the contract says.
    #[error("invalid body")]
    Body,
    /// The response is not HTTP.
    #[error("invalid HTTP response")]
    Protocol,
}

impl Fault {
    /// The names of all faults.
    pub const NAMES: [&str; 8] = [
        "refused",
        "unreachable",
        "reset",
        "timeout",
        "wrong_service",
        "status",
        "body",
        "protocol",
    ];

    /// Returns the fault in one word, as metrics have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::WrongService => "wrong_service",
            Self::Status(_) => "status",
            Self::Body => "body",
            Self::Protocol => "protocol",
        }
    }
}

impl From<io::ErrorKind> for Fault {
    fn from(kind: io::ErrorKind) -> Self {
        match kind {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => Self::Unreachable,
            io::ErrorKind::TimedOut => Self::Timeout,
            _ => Self::Reset,
        }
    }
}

/// Finds the cause at the bottom of the client's error.
impl From<&reqwest::Error> for Fault {
    fn from(error: &reqwest::Error) -> Self {
        if error.is_timeout() {
            return Self::Timeout;
        }
        let mut causes = std::iter::successors(error.source(), |error| (*error).source());
        // reqwest does not tell a parse error from a lost connection. hyper does; this crate depends
        // on it for that alone, so its version must be the one that reqwest uses.
        let mut parsers = causes.clone().filter_map(|cause| cause.downcast_ref::<hyper::Error>());
        if parsers.any(hyper::Error::is_parse) {
            return Self::Protocol;
        }
        let kind = causes.find_map(|cause| Some(cause.downcast_ref::<io::Error>()?.kind()));
        match kind {
            Some(kind) => kind.into(),
            // hyper reports a connection closed between or within messages without an I/O error.
            None if error.is_request() || error.is_body() => Self::Reset,
            None => Self::Protocol,
        }
    }
}

impl From<reqwest::Error> for Fault {
    fn from(error: reqwest::Error) -> Self {
        (&error).into()
    }
}

/// Converts a fault to what a probe reports.
impl From<Fault> for ProbeFailure {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused => Self::Refused,
            Fault::Unreachable => Self::Unreachable,
            Fault::Reset => Self::Reset,
            Fault::Timeout => Self::Timeout,
            Fault::WrongService => Self::WrongService,
            Fault::Status(_) | Fault::Body | Fault::Protocol => Self::InvalidAnswer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_among_the_names() {
        let status = Fault::Status(StatusCode::NOT_FOUND);
        let faults = [
            Fault::Refused,
            Fault::Unreachable,
            Fault::Reset,
            Fault::Timeout,
            Fault::WrongService,
            status,
            Fault::Body,
            Fault::Protocol,
        ];
        assert_eq!(faults.map(Fault::name), Fault::NAMES);
    }
}
