//! What may go wrong when one service calls another.

use std::error::Error;
use std::io;

use hyper::StatusCode;
use protocol::probe::ProbeFailure;

/// Why a call got no valid response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Fault {
    /// Nobody listens at the address.
    #[error("connection refused")]
    Refused,
    /// The name has no address.
    #[error("the name does not resolve")]
    Dns,
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
    /// The operating system refused, such as for want of open files; its error number, if it has one.
    #[error("{}", describe(*.0))]
    Io(Option<i32>),
}

impl Fault {
    /// The names of all faults.
    pub const NAMES: [&str; 10] = [
        "refused",
        "dns",
        "unreachable",
        "reset",
        "timeout",
        "wrong_service",
        "status",
        "body",
        "protocol",
        "io",
    ];

    /// Returns the fault in one word, as metrics have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::Dns => "dns",
            Self::Unreachable => "unreachable",
            Self::Reset => "reset",
            Self::Timeout => "timeout",
            Self::WrongService => "wrong_service",
            Self::Status(_) => "status",
            Self::Body => "body",
            Self::Protocol => "protocol",
            Self::Io(_) => "io",
        }
    }
}

fn describe(code: Option<i32>) -> String {
    code.map_or_else(
        || "I/O error".to_owned(),
        |code| io::Error::from_raw_os_error(code).to_string(),
    )
}

impl From<&io::Error> for Fault {
    fn from(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::Refused,
            io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown => Self::Unreachable,
            io::ErrorKind::TimedOut => Self::Timeout,
            io::ErrorKind::BrokenPipe
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::NotConnected
            | io::ErrorKind::UnexpectedEof
            | io::ErrorKind::WriteZero => Self::Reset,
            // How hyper reports chunks that are none.
            io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => Self::Protocol,
            _ => Self::Io(error.raw_os_error()),
        }
    }
}

/// The error returned when a name that a person has given has no address.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct UnresolvedName(pub(crate) io::Error);

/// Finds the cause at the bottom of a client's error.
#[must_use]
pub fn find_cause(error: &(dyn Error + 'static)) -> Fault {
    let mut causes = std::iter::successors(Some(error), |error| (*error).source());
    // Only hyper's own error tells what is not HTTP from a lost connection.
    let mut parsers = causes.clone().filter_map(|cause| cause.downcast_ref::<hyper::Error>());
    if parsers.any(hyper::Error::is_parse) {
        return Fault::Protocol;
    }
    if causes.clone().any(|cause| cause.is::<UnresolvedName>()) {
        return Fault::Dns;
    }
    // hyper reports a connection closed between or within messages without an I/O error.
    causes.find_map(|cause| cause.downcast_ref::<io::Error>()).map_or(Fault::Reset, Fault::from)
}

/// Converts a fault to what a probe reports.
impl From<Fault> for ProbeFailure {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Refused => Self::Refused,
            // The last two never left this machine.
            Fault::Unreachable | Fault::Dns | Fault::Io(_) => Self::Unreachable,
            Fault::Reset => Self::Reset,
            Fault::Timeout => Self::Timeout,
            Fault::WrongService => Self::WrongService,
            Fault::Status(_) | Fault::Body | Fault::Protocol => Self::InvalidAnswer,
        }
    }
}

#[cfg(test)]
mod tests {
    use hyper::Uri;

    use super::*;
    use crate::http::get;

    #[test]
    fn every_fault_is_among_the_names() {
        let status = Fault::Status(StatusCode::NOT_FOUND);
        let faults = [
            Fault::Refused,
            Fault::Dns,
            Fault::Unreachable,
            Fault::Reset,
            Fault::Timeout,
            Fault::WrongService,
            status,
            Fault::Body,
            Fault::Protocol,
            Fault::Io(None),
        ];
        assert_eq!(faults.map(Fault::name), Fault::NAMES);
    }

    #[test]
    fn an_io_error_that_is_no_reset_says_what_it_is() {
        let reset: Fault = (&io::Error::from(io::ErrorKind::ConnectionReset)).into();
        assert_eq!(reset, Fault::Reset);
        // EMFILE on Linux and macOS.
        let refused: Fault = (&io::Error::from_raw_os_error(24)).into();
        assert_eq!(refused, Fault::Io(Some(24)));
        assert!(refused.to_string().ends_with("(os error 24)"), "{refused}");
    }

    #[tokio::test]
    async fn a_name_that_does_not_resolve_is_no_lost_connection() {
        let uri = Uri::from_static("http://nosuchhost.invalid:3000/");
        assert_eq!(get(uri).await.expect_err("no such name"), Fault::Dns);
    }
}
