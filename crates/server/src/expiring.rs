//! A bounded map that forgets.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use tokio::time::Instant;

/// A map whose entries expire a while after they were last used, and of which the one that was not
/// used for longest makes room for a new one.
#[derive(Debug)]
pub struct ExpiringMap<K, V> {
    entries: HashMap<K, (Instant, V)>,
    max: usize,
    ttl: Duration,
}

impl<K: Clone + Eq + Hash, V> ExpiringMap<K, V> {
    /// Makes an empty map of at most `max` entries, which expire after `ttl`.
    #[must_use]
    pub fn new(max: usize, ttl: Duration) -> Self {
        Self { entries: HashMap::new(), max, ttl }
    }

    /// Returns the value of a key, a new one if there is none; it counts as used now.
    pub fn entry(&mut self, key: &K, new: impl FnOnce() -> V) -> &mut V {
        if !self.entries.contains_key(key) {
            self.make_room();
        }
        let now = Instant::now();
        let (used, value) = self.entries.entry(key.clone()).or_insert_with(|| (now, new()));
        *used = now;
        value
    }

    /// Inserts a value that counts as used at an instant.
    pub fn insert_at(&mut self, key: K, value: V, used: Instant) {
        if !self.entries.contains_key(&key) {
            self.make_room();
        }
        self.entries.insert(key, (used, value));
    }

    fn make_room(&mut self) {
        if self.entries.len() >= self.max
            && let Some((oldest, _)) = self.entries.iter().min_by_key(|(_, (used, _))| *used)
        {
            let oldest = oldest.clone();
            self.entries.remove(&oldest);
        }
    }

    /// Returns the value of a key and when it was last used; it does not count as used now.
    pub fn get<Q>(&self, key: &Q) -> Option<(Instant, &V)>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.entries.get(key).map(|(used, value)| (*used, value))
    }

    /// Removes an entry.
    pub fn remove<Q>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        self.entries.remove(key);
    }

    /// Removes what has expired.
    pub fn expire(&mut self) {
        self.entries.retain(|_, (used, _)| used.elapsed() < self.ttl);
    }

    /// Removes the entries of all keys but those for which `keep` returns true.
    pub fn retain(&mut self, keep: impl Fn(&K) -> bool) {
        self.entries.retain(|key, _| keep(key));
    }

    /// Returns all entries, each with when it was last used.
    pub fn iter(&self) -> impl Iterator<Item = (&K, Instant, &V)> {
        self.entries.iter().map(|(key, (used, value))| (key, *used, value))
    }

    /// Returns all entries, to be changed without being used.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (&K, &mut V)> {
        self.entries.iter_mut().map(|(key, (_, value))| (key, value))
    }

    /// Returns the number of entries.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Returns whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const TTL: Duration = Duration::from_secs(60);

    #[tokio::test(start_paused = true)]
    async fn entries_expire_a_while_after_they_were_last_used() {
        let mut map = ExpiringMap::new(8, TTL);
        *map.entry(&1, || 0) += 1;
        *map.entry(&2, || 0) += 1;
        advance(TTL / 2).await;
        *map.entry(&2, || 0) += 1;
        advance(TTL / 2).await;
        map.expire();
        assert_eq!(map.iter().map(|(key, _, value)| (*key, *value)).collect::<Vec<_>>(), [(2, 2)]);
    }

    #[tokio::test(start_paused = true)]
    async fn the_least_recently_used_entry_makes_room() {
        let mut map = ExpiringMap::new(2, TTL);
        for key in [1, 2, 1, 3] {
            map.entry(&key, || ());
            advance(Duration::from_secs(1)).await;
        }
        map.insert_at(1, (), Instant::now());
        let mut keys: Vec<_> = map.iter().map(|(key, ..)| *key).collect();
        keys.sort_unstable();
        assert_eq!(keys, [1, 3]);
    }
}
