//! The ports that a proxy checks, as options name them.

use clap::{Args, ValueEnum};
use protocol::name::{InvalidName, parse_shortened};
use protocol::node::Node;
use protocol::port::{Port, PortKind};
use protocol::target::{InvalidTarget, Target};

/// Maximum number of published ports, and of virtual addresses: those of a large Swarm's nodes.
const MAX_PORTS: usize = 256;

/// What stands for no port.
const OFF: &str = "off";

/// The options of the proxy about the ports that it checks; by default it checks none.
#[derive(Args, Clone, Debug, Default)]
pub struct PortOptions {
    /// Published ports at which clients reach proxies, which every 10 s each proxy asks who answers;
    /// NODE is the name, or NAME/ID, of the node whose port it is; off checks none
    #[arg(
        long,
        env = "PONG_PUBLISHED",
        value_name = "[NODE=]HOST:PORT,…",
        default_value = OFF,
        value_parser = parse_published
    )]
    pub published: PortList,

    /// How they are published: host, so that each leads to the proxy of its node, or ingress, so that
    /// each leads to all proxies
    #[arg(long, env = "PONG_PUBLISH", value_name = "MODE", default_value = "host")]
    pub publish: PublishMode,

    /// Virtual address of the proxies and their public port, such as proxy:3000, asked every 5 s
    /// whether it leads to each of them; off checks none
    #[arg(
        long,
        env = "PONG_VIP",
        value_name = "HOST:PORT,…",
        default_value = OFF,
        value_parser = parse_virtual
    )]
    pub vip: PortList,
}

/// How ports are published.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum PublishMode {
    /// Each leads to the proxy of its node.
    #[default]
    Host,
    /// Each leads to all proxies.
    Ingress,
}

/// The value of an option with ports, perhaps none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PortList(Vec<Port>);

impl PortOptions {
    /// Returns all ports.
    pub(crate) fn all(&self) -> Vec<Port> {
        [self.published.0.as_slice(), &self.vip.0].concat()
    }
}

/// Parses published ports: `[NODE=]HOST:PORT,…`, or `off`.
///
/// # Errors
///
/// What is wrong with which of them.
pub(crate) fn parse_published(text: &str) -> Result<PortList, String> {
    parse(text, |part| {
        let (node, address) = match part.split_once('=') {
            Some((node, address)) => (Some(parse_node(node)?), address),
            None => (None, part),
        };
        Ok(Port { kind: PortKind::Published, node, address: parse_address(address)? })
    })
}

/// Parses virtual addresses: `HOST:PORT,…`, or `off`.
///
/// # Errors
///
/// What is wrong with which of them.
pub(crate) fn parse_virtual(text: &str) -> Result<PortList, String> {
    parse(text, |part| {
        Ok(Port { kind: PortKind::Virtual, node: None, address: parse_address(part)? })
    })
}

fn parse(text: &str, part: impl Fn(&str) -> Result<Port, String>) -> Result<PortList, String> {
    let parts: Vec<&str> = text.split(',').map(str::trim).collect();
    match parts.len() {
        _ if text == OFF => Ok(PortList::default()),
        count if count > MAX_PORTS => {
            Err(format!("{count} ports; at most {MAX_PORTS} can be checked"))
        }
        _ => parts.into_iter().map(part).collect::<Result<_, _>>().map(PortList),
    }
}

fn parse_address(text: &str) -> Result<Target, String> {
    text.parse().map_err(|error: InvalidTarget| error.to_string())
}

/// Parses a node, shortening its parts as `--node` and `--node-id` do.
fn parse_node(text: &str) -> Result<Node, String> {
    let invalid = |error: InvalidName| format!("'{text}' is not NODE or NODE/ID: {error}");
    let (name, id) = text.split_once('/').map_or((text, None), |(name, id)| (name, Some(id)));
    let id = id.map(parse_shortened).transpose().map_err(invalid)?;
    Ok(Node { name: parse_shortened(name).map_err(invalid)?, id })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_named_with_or_without_their_nodes_and_none_is_none() {
        let PortList(ports) =
            parse_published("pi1/2kq4=10.99.0.1:3000, pi2=[fd00::2]:80,pi3.local:3000")
                .expect("valid");
        let shown: Vec<_> = ports.iter().map(Port::to_string).collect();
        assert_eq!(shown, ["10.99.0.1:3000 (pi1/2kq4)", "[fd00::2]:80 (pi2)", "pi3.local:3000"]);
        assert_eq!(parse_published(OFF), Ok(PortList::default()));
        let PortList(ports) = parse_virtual("proxy:3000").expect("valid");
        assert_eq!(ports[0].to_string(), "proxy:3000 (VIP)");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in
            ["pi1", "pi1:", "pi1:0", "=pi1:3000", "a b=pi1:3000", "pi1=", "pi1:3000,", "/x=a:1"]
        {
            assert!(parse_published(text).is_err(), "{text}");
        }
        assert!(parse_virtual("pi1=proxy:3000").is_err());
        let many = vec!["pi1:3000"; MAX_PORTS + 1].join(",");
        assert!(parse_published(&many).is_err());
        assert!(parse_published(&many[9..]).is_ok());
    }
}
