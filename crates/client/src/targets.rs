//! Where other services are, as options name them.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use protocol::target::{InvalidTarget, Target};

/// The value of a target option: `HOST:PORT[,HOST:PORT…]`, each host a name or an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Targets(Vec<Target>);

impl Targets {
    /// Returns each `HOST:PORT`, in the order given.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Target::as_str)
    }

    /// Returns each `HOST:PORT` as targets of its own.
    pub fn split(&self) -> impl Iterator<Item = Self> {
        self.0.iter().map(|target| Self(vec![target.clone()]))
    }
}

/// Takes addresses that are already known, as the services of one process know each other's.
impl FromIterator<SocketAddr> for Targets {
    fn from_iter<I: IntoIterator<Item = SocketAddr>>(addresses: I) -> Self {
        Self(addresses.into_iter().map(Target::from).collect())
    }
}

impl fmt::Display for Targets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iter().collect::<Vec<_>>().join(","))
    }
}

impl FromStr for Targets {
    type Err = InvalidTarget;

    fn from_str(text: &str) -> Result<Self, InvalidTarget> {
        text.split(',').map(|target| target.trim().parse()).collect::<Result<_, _>>().map(Self)
    }
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
