//! What may go wrong when one service calls another.

use std::error::Error;
use std::io;

use reqwest::StatusCode;

/// Tells why a call got no lawful answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Fault {
    /// Nobody listens at the address.
    #[error("connection refused")]
    Refused,
    /// No route leads to the address.
    #[error("host unreachable")]
    Unreachable,
    /// The connection was closed or reset before the answer was whole.
    #[error("connection lost")]
    Reset,
    /// The answer did not come in time.
    #[error("no answer in time")]
    Timeout,
    /// The status is not 200.
    #[error("status {0}")]
    Status(StatusCode),
    /// The body is not what the contract says.
    #[error("unreadable body")]
    Body,
    /// The answer is not HTTP.
    #[error("unreadable answer")]
    Protocol,
}

impl Fault {
    /// Every cause, as [`name`](Self::name) tells it.
    pub const NAMES: [&str; 7] =
        ["refused", "unreachable", "reset", "timeout", "status", "body", "protocol"];

    /// Returns the cause in one word, for metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::Status(_) => "status",
            Self::Body => "body",
            Self::Protocol => "protocol",
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
        let mut parsers = causes.clone().filter_map(|cause| cause.downcast_ref::<hyper::Error>());
        if parsers.any(hyper::Error::is_parse) {
            return Self::Protocol;
        }
        let kind = causes.find_map(|cause| Some(cause.downcast_ref::<io::Error>()?.kind()));
        match kind {
            Some(io::ErrorKind::ConnectionRefused) => Self::Refused,
            Some(io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable) => {
                Self::Unreachable
            }
            Some(io::ErrorKind::TimedOut) => Self::Timeout,
            Some(_) => Self::Reset,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_is_among_the_names() {
        let status = Fault::Status(StatusCode::NOT_FOUND);
        let faults = [
            Fault::Refused,
            Fault::Unreachable,
            Fault::Reset,
            Fault::Timeout,
            status,
            Fault::Body,
            Fault::Protocol,
        ];
        assert_eq!(faults.map(Fault::name), Fault::NAMES);
    }
}
