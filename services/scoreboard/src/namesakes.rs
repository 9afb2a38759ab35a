//! Nodes that share a name and have no id, noticed by their proxies: several are heard at once.
//!
//! A proxy that is replaced is heard at another address too, but only once its predecessor stops.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use protocol::id::InstanceId;
use protocol::node::Node;
use protocol::node_trouble::{NodeTrouble, TroubledNode};
use protocol::probe::ProbeReport;
use server::expiring::ExpiringMap;
use tokio::time::Instant;

use crate::window::MEMORY;

/// Maximum number of proxies that are told apart, as many as reports are stored of.
const MAX_PROXIES: usize = 512;

/// How long two proxies of one node are heard at once at most: in an update that starts the next one
/// first, the one before is out of DNS 2 s before its stop, which takes up to 5 s.
const MAX_OVERLAP: Duration = Duration::from_secs(10);

/// The proxies whose nodes have no id, each by its node's name and its process.
#[derive(Debug)]
pub(crate) struct Namesakes(ExpiringMap<(Node, InstanceId), Heard>);

#[derive(Debug)]
struct Heard {
    since: Instant,
    admin: Option<SocketAddr>,
}

impl Default for Namesakes {
    fn default() -> Self {
        Self(ExpiringMap::new(MAX_PROXIES, MEMORY))
    }
}

impl Namesakes {
    /// Records that a proxy made a report.
    pub(crate) fn heard(&mut self, report: &ProbeReport, made: Instant) {
        let node = &report.proxy.node;
        let (None, Some(instance)) = (&node.id, &report.instance) else { return };
        let proxy = (node.clone(), instance.clone());
        let before = self.0.get(&proxy).map(|(last, heard)| (last, heard.since));
        let (last, since) = before.unwrap_or((made, made));
        let heard = Heard { since: since.min(made), admin: report.admin };
        self.0.insert_at(proxy, heard, last.max(made));
    }

    /// Forgets the proxies that were not heard of for a minute.
    pub(crate) fn expire(&mut self) {
        self.0.expire();
    }

    /// Returns whether several proxies were heard of this node, at once or one after the other.
    pub(crate) fn has_several(&self, node: &Node) -> bool {
        self.0.iter().filter(|((known, _), ..)| known == node).nth(1).is_some()
    }

    /// Returns the names that several nodes share, with the addresses of their proxies.
    pub(crate) fn shared(&self) -> Vec<TroubledNode> {
        let mut nodes = BTreeMap::<&Node, Vec<Proxy<'_>>>::new();
        for ((node, instance), last, heard) in self.0.iter() {
            nodes.entry(node).or_default().push(Proxy { instance, last, heard });
        }
        let shared = nodes.into_iter().filter_map(|(node, proxies)| {
            let has_namesake = |one: &&Proxy<'_>| proxies.iter().any(|other| one.was_beside(other));
            let namesakes: Vec<_> = proxies.iter().filter(has_namesake).collect();
            let mut addresses: Vec<_> =
                namesakes.iter().filter_map(|proxy| proxy.heard.admin).collect();
            addresses.sort_unstable();
            let trouble = NodeTrouble::SharedName;
            (!namesakes.is_empty()).then(|| TroubledNode {
                node: node.clone(),
                trouble,
                addresses,
                seconds: None,
            })
        });
        shared.collect()
    }
}

/// A proxy of a node, and when it was heard last.
struct Proxy<'a> {
    instance: &'a InstanceId,
    last: Instant,
    heard: &'a Heard,
}

impl Proxy<'_> {
    /// Returns whether it was heard at once with another one for longer than with its successor.
    fn was_beside(&self, other: &Self) -> bool {
        let begin = self.heard.since.max(other.heard.since);
        self.instance != other.instance && self.last.min(other.last) >= begin + MAX_OVERLAP
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;
    use crate::probes::tests::report;

    /// Has a proxy of a node make a report now, by a number that its process and address have.
    fn hear(namesakes: &mut Namesakes, node: &str, n: u8) {
        let admin = Some(([10, 0, 9, n], 3001).into());
        let report =
            ProbeReport { instance: Some(InstanceId::new(n.into())), admin, ..report(node, &[]) };
        namesakes.heard(&report, Instant::now());
    }

    fn shared(namesakes: &Namesakes) -> Vec<(String, Vec<String>)> {
        let shared = namesakes.shared().into_iter();
        shared
            .map(|node| {
                let addresses = node.addresses.iter().map(|address| address.ip().to_string());
                (node.node.to_string(), addresses.collect())
            })
            .collect()
    }

    #[tokio::test(start_paused = true)]
    async fn proxies_that_are_heard_at_once_for_ten_seconds_share_a_name_for_a_minute_more() {
        let mut namesakes = Namesakes::default();
        for second in 0..=10 {
            assert_eq!(shared(&namesakes), [], "after {second} s");
            hear(&mut namesakes, "pi", 4);
            hear(&mut namesakes, "pi", 7);
            hear(&mut namesakes, "pi3", 8);
            advance(Duration::from_secs(1)).await;
        }
        let expected = [("pi".to_owned(), vec!["10.0.9.4".to_owned(), "10.0.9.7".to_owned()])];
        assert_eq!(shared(&namesakes), expected);
        assert!(!namesakes.has_several(&"pi3".parse().expect("a node")));
        advance(MEMORY - Duration::from_secs(2)).await;
        hear(&mut namesakes, "pi", 4);
        namesakes.expire();
        assert_eq!(shared(&namesakes), expected, "the other may only be frozen");
        advance(Duration::from_secs(1)).await;
        namesakes.expire();
        assert_eq!(shared(&namesakes), []);
    }

    #[tokio::test(start_paused = true)]
    async fn a_proxy_that_is_replaced_shares_no_name_even_if_the_next_one_starts_first() {
        let mut namesakes = Namesakes::default();
        for second in 0..40_u8 {
            if second < 20 {
                hear(&mut namesakes, "pi", 4);
            }
            if second > 11 {
                hear(&mut namesakes, "pi", 5);
            }
            namesakes.expire();
            assert_eq!(shared(&namesakes), [], "after {second} s");
            advance(Duration::from_secs(1)).await;
        }
        assert!(namesakes.has_several(&"pi".parse().expect("a node")));
    }

    #[tokio::test(start_paused = true)]
    async fn nodes_with_ids_share_no_name() {
        let mut namesakes = Namesakes::default();
        for _ in 0..40 {
            hear(&mut namesakes, "pi/2kq4", 4);
            hear(&mut namesakes, "pi/7xy9", 5);
            advance(Duration::from_secs(1)).await;
        }
        assert_eq!(shared(&namesakes), []);
    }
}
