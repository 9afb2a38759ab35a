//! Whom a proxy knocks at: all others, or in a large cluster a few, so that the cost of the knock-up
//! grows with the nodes and not with their pairs.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;

use court::task::Name;

/// The most others that one proxy knocks at.
pub(crate) const MOST: usize = 16;

/// Chooses by rendezvous hashing: of all there are, those with the greatest hash together with the
/// node's own name. Each node's choice is another, every node is somebody's, and when a node comes
/// or goes, no choice changes by more than one.
pub(crate) fn partners(me: &Name, listed: &[SocketAddr]) -> Vec<SocketAddr> {
    let hash = |address: &SocketAddr| {
        let mut hasher = DefaultHasher::new();
        (me, address).hash(&mut hasher);
        hasher.finish()
    };
    let mut all: Vec<_> = listed.iter().map(|address| (hash(address), *address)).collect();
    all.sort_unstable();
    all.dedup();
    all.into_iter().rev().take(MOST).map(|(_, address)| address).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn address(n: u16) -> SocketAddr {
        let [high, low] = n.to_be_bytes();
        ([10, 0, high, low], 3001).into()
    }

    fn chosen(me: &str, listed: &[SocketAddr]) -> HashSet<SocketAddr> {
        let chosen = partners(&Name::from_any(me), listed);
        let set: HashSet<_> = chosen.iter().copied().collect();
        assert_eq!(set.len(), chosen.len(), "nobody twice");
        set
    }

    fn nodes() -> impl Strategy<Value = Vec<SocketAddr>> {
        prop::collection::hash_set(0_u16..2000, 1..120)
            .prop_map(|numbers| numbers.into_iter().map(address).collect())
    }

    proptest! {
        #[test]
        fn all_are_partners_while_they_are_few_and_sixteen_when_they_are_many(listed in nodes()) {
            let chosen = chosen("pi1", &listed);
            prop_assert_eq!(chosen.len(), listed.len().min(MOST));
            prop_assert!(chosen.iter().all(|one| listed.contains(one)));
        }

        #[test]
        fn the_resolver_s_order_does_not_matter(listed in nodes(), turn in any::<prop::sample::Index>()) {
            let mut turned = listed.clone();
            turned.rotate_left(turn.index(listed.len()));
            turned.push(listed[0]);
            prop_assert_eq!(chosen("pi1", &listed), chosen("pi1", &turned));
        }

        #[test]
        fn who_comes_or_goes_changes_one_partner_at_most(listed in nodes(), who in any::<prop::sample::Index>()) {
            let mut without = listed.clone();
            let gone = without.swap_remove(who.index(listed.len()));
            let (before, after) = (chosen("pi1", &listed), chosen("pi1", &without));
            let lost: Vec<_> = before.difference(&after).collect();
            prop_assert!(lost.is_empty() || lost == [&gone], "{:?}", lost);
            prop_assert!(after.difference(&before).count() <= 1);
        }
    }
}
