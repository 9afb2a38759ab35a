//! Where other services are to be found, as options say it.

use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

/// Holds what a peer option takes: `HOST:PORT[,HOST:PORT…]`, each a name or an address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peers(Vec<String>);

/// Says which part of a peer option is not `HOST:PORT`, and what one looks like.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not HOST:PORT, such as tasks.ping:3000, 10.0.9.4:3000 or [fd00::4]:3000")]
pub struct NotAPeer(String);

impl Peers {
    /// Returns each `HOST:PORT`, in the order given.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

/// Takes addresses that are already known, as the services of one process know each other's.
impl FromIterator<SocketAddr> for Peers {
    fn from_iter<I: IntoIterator<Item = SocketAddr>>(addresses: I) -> Self {
        Self(addresses.into_iter().map(|address| address.to_string()).collect())
    }
}

impl fmt::Display for Peers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(","))
    }
}

impl FromStr for Peers {
    type Err = NotAPeer;

    fn from_str(text: &str) -> Result<Self, NotAPeer> {
        text.split(',').map(|peer| check(peer.trim())).collect::<Result<_, _>>().map(Self)
    }
}

/// Accepts an address with a port, or a name of letters, digits, `.`, `-`, `_` with a port.
fn check(peer: &str) -> Result<String, NotAPeer> {
    let is_name = |host: &str| {
        let lawful = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        (1..=253).contains(&host.len()) && host.chars().all(lawful)
    };
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    let named = peer.rsplit_once(':').is_some_and(|(host, port)| is_name(host) && is_port(port));
    let numeric = peer.parse::<SocketAddr>().is_ok_and(|address| address.port() > 0);
    if named || numeric { Ok(peer.to_owned()) } else { Err(NotAPeer(peer.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_addresses_with_ports_are_peers() {
        let text = "tasks.ping:3000,10.0.9.4:3000,[fd00::4]:3000,pong_ping:80";
        let peers: Peers = text.parse().expect("lawful");
        assert_eq!(peers.iter().count(), 4);
        assert_eq!(peers.to_string(), text);
    }

    #[test]
    fn anything_else_is_named_in_the_refusal() {
        for text in
            ["", "ping", "ping:", ":3000", "ping:0", "ping:65536", "http://ping:3000", "a b:1"]
        {
            assert_eq!(text.parse::<Peers>(), Err(NotAPeer(text.to_owned())));
        }
        assert_eq!("ping:1,,pong:2".parse::<Peers>(), Err(NotAPeer(String::new())));
    }
}
