//! The services.

use std::fmt;
use std::str::FromStr;

use game::Side;
use serde::{Deserialize, Serialize};

/// A service; a player is known by its side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// The players that serve.
    Ping,
    /// The players that return.
    Pong,
    /// The managers, which play rallies.
    Manager,
    /// The proxies, one on each node.
    Proxy,
    /// The scoreboards.
    Scoreboard,
    /// The lights, one on each node with a lamp.
    Light,
}

impl Service {
    /// All services.
    pub const ALL: [Self; 6] =
        [Self::Ping, Self::Pong, Self::Manager, Self::Proxy, Self::Scoreboard, Self::Light];

    /// Returns the name of the service, as Swarm, metrics and JSON have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ping => Side::Ping.name(),
            Self::Pong => Side::Pong.name(),
            Self::Manager => "manager",
            Self::Proxy => "proxy",
            Self::Scoreboard => "scoreboard",
            Self::Light => "light",
        }
    }
}

impl From<Side> for Service {
    fn from(side: Side) -> Self {
        match side {
            Side::Ping => Self::Ping,
            Side::Pong => Self::Pong,
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The error returned when a text is not the name of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a service is ping, pong, manager, proxy, scoreboard or light")]
pub struct InvalidService;

impl FromStr for Service {
    type Err = InvalidService;

    fn from_str(text: &str) -> Result<Self, InvalidService> {
        Self::ALL.into_iter().find(|service| service.name() == text).ok_or(InvalidService)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_has_the_same_name_in_json_and_text() {
        for service in Service::ALL {
            assert_eq!(serde_json::to_value(service).expect("plain"), service.name());
            assert_eq!(service.name().parse(), Ok(service));
        }
    }
}
