//! Which proxies a proxy probes: all others, or in a large cluster some of them, so that the cost of
//! probing grows with the nodes and not with their pairs.

use std::hash::{DefaultHasher, Hash, Hasher};

use protocol::node::Node;

/// Maximum number of proxies that one proxy probes.
pub(crate) const MAX_TARGETS: usize = 16;

/// Selects probe targets by rendezvous hashing: of all addresses those with the greatest hash
/// together with the node's own name. Each node selects others, every node is selected by some, and
/// when a node joins or leaves, no selection changes by more than one.
pub(crate) fn probe_targets<T: Clone + Hash + Ord>(node: &Node, listed: &[T]) -> Vec<T> {
    let hash = |address: &T| {
        let mut hasher = DefaultHasher::new();
        (node, address).hash(&mut hasher);
        hasher.finish()
    };
    let mut all: Vec<_> = listed.iter().map(|address| (hash(address), address.clone())).collect();
    all.sort_unstable();
    all.dedup();
    all.into_iter().rev().take(MAX_TARGETS).map(|(_, address)| address).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::net::SocketAddr;

    use proptest::prelude::*;

    use super::*;

    fn address(n: u16) -> SocketAddr {
        let [high, low] = n.to_be_bytes();
        ([10, 0, high, low], 3001).into()
    }

    fn selected(node: &str, listed: &[SocketAddr]) -> HashSet<SocketAddr> {
        let selected = probe_targets(&node.parse().expect("a node"), listed);
        let set: HashSet<_> = selected.iter().copied().collect();
        assert_eq!(set.len(), selected.len(), "none twice");
        set
    }

    fn nodes() -> impl Strategy<Value = Vec<SocketAddr>> {
        prop::collection::hash_set(0_u16..2000, 1..120)
            .prop_map(|numbers| numbers.into_iter().map(address).collect())
    }

    proptest! {
        #[test]
        fn up_to_sixteen_nodes_are_all_targets_and_of_more_sixteen(listed in nodes()) {
            let selected = selected("pi1", &listed);
            prop_assert_eq!(selected.len(), listed.len().min(MAX_TARGETS));
            prop_assert!(selected.iter().all(|one| listed.contains(one)));
        }

        #[test]
        fn the_order_of_addresses_does_not_matter(listed in nodes(), by in any::<prop::sample::Index>()) {
            let mut rotated = listed.clone();
            rotated.rotate_left(by.index(listed.len()));
            rotated.push(listed[0]);
            prop_assert_eq!(selected("pi1", &listed), selected("pi1", &rotated));
        }

        #[test]
        fn a_node_joining_or_leaving_changes_at_most_one_target(listed in nodes(), one in any::<prop::sample::Index>()) {
            let mut without = listed.clone();
            let gone = without.swap_remove(one.index(listed.len()));
            let (before, after) = (selected("pi1", &listed), selected("pi1", &without));
            let removed: Vec<_> = before.difference(&after).collect();
            prop_assert!(removed.is_empty() || removed == [&gone], "{:?}", removed);
            prop_assert!(after.difference(&before).count() <= 1);
        }
    }
}
