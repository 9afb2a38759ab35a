//! Where something is, as options name it.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::name::{is_name_char, serialized_as_text};

/// Maximum length of a host name (RFC 1035, section 2.3.4).
const MAX_HOST_LENGTH: usize = 253;

/// `HOST:PORT`, the host a name or an address, the port at least 1.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Target(Arc<str>);

/// The error returned when a text is not `HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not HOST:PORT, such as tasks.ping:3000, 10.0.9.4:3000 or [fd00::4]:3000")]
pub struct InvalidTarget(pub String);

impl Target {
    /// Returns the target as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<SocketAddr> for Target {
    fn from(address: SocketAddr) -> Self {
        Self(address.to_string().into())
    }
}

impl FromStr for Target {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        let is_host = |host: &str| {
            (1..=MAX_HOST_LENGTH).contains(&host.len()) && host.chars().all(is_name_char)
        };
        let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
        let named =
            text.rsplit_once(':').is_some_and(|(host, port)| is_host(host) && is_port(port));
        let numeric = text.parse::<SocketAddr>().is_ok_and(|address| address.port() > 0);
        if named || numeric { Ok(Self(text.into())) } else { Err(InvalidTarget(text.to_owned())) }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

serialized_as_text!(Target);
