//! Whose turn it is to be asked: who was never asked at once, everybody else a second later.

use std::collections::{HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::time::Instant;

/// How long after an answer, or for want of one, an address is asked again.
const EVERY: Duration = Duration::from_secs(1);

/// Keeps when each address was asked last.
#[derive(Debug, Default)]
pub(crate) struct Turns(HashMap<SocketAddr, Asked>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asked {
    /// It has not answered yet.
    Now,
    At(Instant),
}

impl Turns {
    /// Returns at most so many of these: who was never asked, and who was asked longest ago. They
    /// have no turn again until they are [`over`](Self::over).
    pub(crate) fn next(&mut self, addresses: &[SocketAddr], most: usize) -> Vec<SocketAddr> {
        let known: HashSet<_> = addresses.iter().collect();
        self.0.retain(|address, asked| *asked == Asked::Now || known.contains(address));
        let mut due: Vec<_> = addresses
            .iter()
            .filter_map(|address| match self.0.get(address) {
                None => Some((None, *address)),
                Some(Asked::At(when)) if when.elapsed() >= EVERY => Some((Some(*when), *address)),
                Some(_) => None,
            })
            .collect();
        due.sort_unstable();
        // Two names may have one address.
        due.dedup();
        due.truncate(most);
        self.0.extend(due.iter().map(|(_, address)| (*address, Asked::Now)));
        due.into_iter().map(|(_, address)| address).collect()
    }

    /// Takes in that an address was asked, whatever it said.
    pub(crate) fn over(&mut self, address: SocketAddr) {
        self.0.insert(address, Asked::At(Instant::now()));
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    fn addresses<const N: usize>(last: [u8; N]) -> [SocketAddr; N] {
        last.map(|n| ([10, 0, 9, n], 3001).into())
    }

    #[tokio::test(start_paused = true)]
    async fn a_new_address_is_asked_at_once_and_each_second_after() {
        let mut turns = Turns::default();
        assert_eq!(turns.next(&addresses([3, 3]), 9), addresses([3]), "it has two names");
        let all = addresses([1, 2]);
        assert_eq!(turns.next(&all[..1], 9), all[..1]);
        assert_eq!(turns.next(&all, 9), all[1..], "the first has not answered yet");
        all.into_iter().for_each(|address| turns.over(address));
        assert_eq!(turns.next(&all, 9), []);
        advance(EVERY).await;
        assert_eq!(turns.next(&all, 9), all);
    }

    #[tokio::test(start_paused = true)]
    async fn where_there_are_more_than_can_be_asked_everybody_has_a_turn_and_new_ones_come_first() {
        let mut turns = Turns::default();
        let all = addresses([1, 2, 3, 4, 5]);
        let mut asked = Vec::new();
        for _ in 0..3 {
            for address in turns.next(&all, 2) {
                turns.over(address);
                asked.push(address);
            }
            advance(EVERY).await;
        }
        assert_eq!(asked, addresses([1, 2, 3, 4, 5, 1]), "one after the other, and again");
        let more = addresses([1, 2, 3, 4, 5, 6]);
        assert_eq!(turns.next(&more, 2), addresses([6, 2]));
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_not_listed_any_more_is_forgotten_and_new_when_it_comes_back() {
        let mut turns = Turns::default();
        let all = addresses([1]);
        turns.next(&all, 9);
        turns.over(all[0]);
        assert_eq!(turns.next(&[], 9), []);
        assert_eq!(turns.0.len(), 0);
        assert_eq!(turns.next(&all, 9), all);
    }
}
