//! Where other services are, as options name them.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use protocol::name::is_name_char;

/// Maximum length of a host name (RFC 1035, section 2.3.4).
const MAX_HOST_LENGTH: usize = 253;

/// The value of a target option: `HOST:PORT[,HOST:PORT…]`, each host a name or an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Targets(Vec<String>);

/// The error returned when a part of a target option is not `HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not HOST:PORT, such as tasks.ping:3000, 10.0.9.4:3000 or [fd00::4]:3000")]
pub struct InvalidTarget(String);

impl Targets {
    /// Returns each `HOST:PORT`, in the order given.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Returns each `HOST:PORT` as targets of its own.
    pub fn split(&self) -> impl Iterator<Item = Self> {
        self.0.iter().map(|target| Self(vec![target.clone()]))
    }
}

/// Takes addresses that are already known, as the services of one process know each other's.
impl FromIterator<SocketAddr> for Targets {
    fn from_iter<I: IntoIterator<Item = SocketAddr>>(addresses: I) -> Self {
        Self(addresses.into_iter().map(|address| address.to_string()).collect())
    }
}

impl fmt::Display for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

impl FromStr for Targets {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        text.split(',').map(|target| check(target.trim())).collect::<Result<_, _>>().map(Self)
    }
}

/// Accepts an address with a port, or a name with a port.
fn check(target: &str) -> Result<String, InvalidTarget> {
    let is_host =
        |host: &str| (1..=MAX_HOST_LENGTH).contains(&host.len()) && host.chars().all(is_name_char);
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    let named = target.rsplit_once(':').is_some_and(|(host, port)| is_host(host) && is_port(port));
    let numeric = target.parse::<SocketAddr>().is_ok_and(|address| address.port() > 0);
    if named || numeric { Ok(target.to_owned()) } else { Err(InvalidTarget(target.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_with_ports_are_targets() {
        let text = "tasks.ping:3000,10.0.9.4:3000,[fd00::4]:3000,pong_ping:80";
        let targets: Targets = text.parse().expect("valid");
        assert_eq!(targets.iter().count(), 4);
        assert_eq!(targets.split().count(), 4);
        assert_eq!(targets.to_string(), text);
    }

    #[test]
    fn anything_else_is_named_in_the_refusal() {
        for text in
            ["", "ping", "ping:", ":3000", "ping:0", "ping:65536", "http://ping:3000", "a b:1"]
        {
            assert_eq!(text.parse::<Targets>(), Err(InvalidTarget(text.to_owned())));
        }
        assert_eq!("ping:1,,pong:2".parse::<Targets>(), Err(InvalidTarget(String::new())));
    }
}
