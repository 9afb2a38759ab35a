//! Looking names up.
//!
//! | concept | module |
//! |---|---|
//! | the system's configuration, read again when it changes | `config` |
//! | one question, asked of the servers until one answers it | `exchange` |
//! | what is asked for a target: hosts file, search domains, IPv4 before IPv6 | `system` |
//! | the same where there is no resolv.conf | `system_by_libc` |
//! | how often a failure is logged | `failure_log` |

use std::collections::HashMap;
use std::net::SocketAddr;

use futures_util::future::BoxFuture;
use protocol::timing::LAST_KNOWN_TTL;
use tokio::time::Instant;

#[cfg(unix)]
mod config;
#[cfg(unix)]
mod exchange;
pub(crate) mod failure_log;
#[cfg(unix)]
mod system;
#[cfg(not(unix))]
#[path = "resolver/system_by_libc.rs"]
mod system;
#[cfg(all(test, unix))]
mod tests;

pub use system::SystemResolver;

/// A resolver of `HOST:PORT` to all its addresses.
pub trait Resolve: Send + Sync {
    /// Looks up one `HOST:PORT`.
    fn resolve<'a>(
        &'a self,
        target: &'a str,
    ) -> BoxFuture<'a, Result<Vec<SocketAddr>, LookupError>>;
}

/// The error returned when a name has no addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct LookupError {
    /// Why.
    pub cause: LookupCause,
    /// The DNS server that said so, or did not answer.
    pub server: Option<SocketAddr>,
}

/// Why a name has no addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum LookupCause {
    /// No such name exists (NXDOMAIN).
    #[error("no such name")]
    NoSuchName,
    /// The name exists without addresses.
    #[error("no addresses")]
    NoAddresses,
    /// The server could not find out (SERVFAIL).
    #[error("server failure")]
    ServerFailure,
    /// The server does not answer this client (REFUSED).
    #[error("query refused")]
    QueryRefused,
    /// No answer came in time.
    #[error("timed out")]
    Timeout,
    /// Nothing listens at the server's address, no route leads there, or the server hung up.
    #[error("server unreachable")]
    Unreachable,
    /// The answer makes no sense.
    #[error("invalid answer")]
    InvalidAnswer,
    /// No server is configured.
    #[error("no DNS server is configured")]
    NoServer,
}

impl LookupCause {
    /// Returns the cause in one word, as the log has it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoSuchName => "nxdomain",
            Self::NoAddresses => "no_addresses",
            Self::ServerFailure => "servfail",
            Self::QueryRefused => "refused",
            Self::Timeout => "timeout",
            Self::Unreachable => "unreachable",
            Self::InvalidAnswer => "invalid_answer",
            Self::NoServer => "no_server",
        }
    }
}

/// Each name's last answer and when it came.
#[derive(Default)]
pub(crate) struct LastKnown(HashMap<String, (Instant, Vec<SocketAddr>)>);

impl LastKnown {
    /// Returns the new answer in a fixed order, or the last one for a while if there is none.
    pub(crate) fn update(
        &mut self,
        target: &str,
        answer: Option<Vec<SocketAddr>>,
    ) -> Vec<SocketAddr> {
        if let Some(mut addresses) = answer {
            // Resolvers rotate or sort as they like; turns need one order.
            addresses.sort_unstable();
            self.0.insert(target.to_owned(), (Instant::now(), addresses.clone()));
            return addresses;
        }
        match self.0.get(target) {
            Some((when, addresses)) if when.elapsed() < LAST_KNOWN_TTL => addresses.clone(),
            _ => Vec::new(),
        }
    }
}
