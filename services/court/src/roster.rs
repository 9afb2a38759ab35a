//! The live tasks of a service as discovery shows them now, and who is next.
//!
//! Addresses are taken in turn, whatever order a resolver lists them in. One that failed rests: it
//! is passed over until [`discovery`](crate::discovery) has reached it again, unless there is no
//! other left. So does one that is new, since it may be listed before it can be reached, or long
//! after. An address that leaves discovery and comes back starts afresh.

use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// The pause after an address's first failure; each further one doubles it.
const FIRST_PAUSE: Duration = Duration::from_millis(200);

/// The longest pause. A task that came back on its old address is tried at least this often.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Keeps the addresses of a service, whose turn it is, and which of them are resting.
#[derive(Debug, Default)]
pub struct Roster {
    state: Mutex<State>,
    /// Wakes discovery before its time.
    pub(crate) wanted: Notify,
    /// Tells those who wait that discovery has looked again.
    pub(crate) looked: Notify,
}

#[derive(Debug, Default)]
struct State {
    members: Vec<Member>,
    turn: usize,
}

#[derive(Debug)]
struct Member {
    address: SocketAddr,
    failures: u32,
    resting_until: Option<Instant>,
}

impl Member {
    /// Returns one that is new, and due to be reached at once.
    fn new(address: SocketAddr) -> Self {
        Self { address, failures: 0, resting_until: Some(Instant::now()) }
    }
}

impl Roster {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing in this file can panic halfway through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes what discovery found; returns the addresses that came and those that went.
    pub fn update(&self, found: &[SocketAddr]) -> (Vec<SocketAddr>, Vec<SocketAddr>) {
        let mut state = self.state();
        let old = std::mem::take(&mut state.members);
        let (mut kept, gone): (Vec<_>, Vec<_>) =
            old.into_iter().partition(|member| found.contains(&member.address));
        let mut came = Vec::new();
        for &address in found {
            if !kept.iter().any(|member| member.address == address) {
                kept.push(Member::new(address));
                came.push(address);
            }
        }
        state.members = kept;
        (came, gone.into_iter().map(|member| member.address).collect())
    }

    /// Returns whose turn it is among those not in `tried`, one that rests only if all others do.
    pub fn next(&self, tried: &[SocketAddr]) -> Option<SocketAddr> {
        let mut state = self.state();
        let fresh = |member: &&Member| !tried.contains(&member.address);
        let rested = |member: &&Member| fresh(member) && member.resting_until.is_none();
        let turn = state.turn;
        let nth = |count: usize| turn.checked_rem(count);
        let members = &state.members;
        let address = nth(members.iter().filter(rested).count())
            .and_then(|n| members.iter().filter(rested).nth(n))
            .or_else(|| members.iter().filter(fresh).min_by_key(|member| member.resting_until))
            .map(|member| member.address);
        state.turn = state.turn.wrapping_add(1);
        address
    }

    /// Returns all addresses, resting or not.
    #[must_use]
    pub fn listed(&self) -> Vec<SocketAddr> {
        self.state().members.iter().map(|member| member.address).collect()
    }

    /// Returns the addresses that are not resting.
    #[must_use]
    pub fn within_reach(&self) -> Vec<SocketAddr> {
        let rested = |member: &&Member| member.resting_until.is_none();
        self.state().members.iter().filter(rested).map(|member| member.address).collect()
    }

    /// Sends an address to rest, longer each time, and has discovery look again at once.
    pub fn failed(&self, address: SocketAddr) {
        if let Some(member) = self.state().find(address) {
            let pause = FIRST_PAUSE * 2_u32.saturating_pow(member.failures.min(8));
            member.failures = member.failures.saturating_add(1);
            member.resting_until = Some(Instant::now() + pause.min(LONGEST_PAUSE));
        }
        self.wanted.notify_one();
    }

    /// Forgets an address's failures, since it has answered.
    pub fn answered(&self, address: SocketAddr) {
        if let Some(member) = self.state().find(address)
            && (member.failures > 0 || member.resting_until.is_some())
        {
            *member = Member { address, failures: 0, resting_until: None };
        }
    }

    /// Ends an address's rest, since a connection to it succeeded; its failures still count until
    /// it answers.
    pub(crate) fn reached(&self, address: SocketAddr) {
        if let Some(member) = self.state().find(address) {
            member.resting_until = None;
        }
    }

    /// Returns the addresses that have rested long enough to be tried again.
    pub(crate) fn due(&self) -> Vec<SocketAddr> {
        let now = Instant::now();
        let due = |member: &&Member| member.resting_until.is_some_and(|until| until <= now);
        self.state().members.iter().filter(due).map(|member| member.address).collect()
    }

    /// Returns when the next address will have rested long enough, if any is resting.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.state().members.iter().filter_map(|member| member.resting_until).min()
    }

    /// Tells whether anybody can be expected to answer: who does not rest, or failed but once.
    #[must_use]
    pub fn is_within_reach(&self) -> bool {
        let expected = |member: &Member| member.resting_until.is_none() || member.failures == 1;
        self.state().members.iter().any(expected)
    }

    /// Returns how many addresses there are, and how many of them are resting.
    #[must_use]
    pub fn count(&self) -> (usize, usize) {
        let state = self.state();
        let resting = state.members.iter().filter(|member| member.resting_until.is_some()).count();
        (state.members.len(), resting)
    }

    /// Has discovery look again and waits until it has, for `patience` at most.
    pub async fn look_again(&self, patience: Duration) {
        let looked = self.looked.notified();
        self.wanted.notify_one();
        // Out of patience is no error: the caller goes on with what is known.
        let _ = tokio::time::timeout(patience, looked).await;
    }
}

impl State {
    fn find(&mut self, address: SocketAddr) -> Option<&mut Member> {
        self.members.iter_mut().find(|member| member.address == address)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn addresses(count: u16) -> Vec<SocketAddr> {
        (1..=count).map(|port| ([127, 0, 0, 1], port).into()).collect()
    }

    fn roster(addresses: &[SocketAddr]) -> Roster {
        let roster = Roster::default();
        roster.update(addresses);
        addresses.iter().for_each(|address| roster.reached(*address));
        roster
    }

    proptest! {
        #[test]
        fn everyone_gets_the_same_share_however_the_resolver_shuffles(
            count in 1_u16..12,
            orders in prop::collection::vec(any::<u16>(), 1..20),
        ) {
            let mut list = addresses(count);
            let roster = roster(&list);
            let mut turns = vec![0_u32; usize::from(count)];
            for order in orders {
                list.rotate_left(usize::from(order % count));
                roster.update(&list);
                for _ in 0..count {
                    let next = roster.next(&[]).expect("somebody is there");
                    turns[usize::from(next.port()) - 1] += 1;
                }
            }
            prop_assert!(turns.iter().all(|turn| *turn == turns[0]), "{turns:?}");
        }

        #[test]
        fn trying_on_reaches_everyone_once_and_then_nobody(count in 0_u16..12, resting in 0_u16..12) {
            let list = addresses(count);
            let roster = roster(&list);
            list.iter().take(resting.into()).for_each(|address| roster.failed(*address));
            let mut tried = Vec::new();
            while let Some(next) = roster.next(&tried) {
                prop_assert!(!tried.contains(&next));
                tried.push(next);
            }
            prop_assert_eq!(tried.len(), list.len());
        }
    }

    #[test]
    fn one_that_failed_is_passed_over_until_it_is_reached_again() {
        let list = addresses(3);
        let roster = roster(&list);
        roster.failed(list[0]);
        let taken: Vec<_> = (0..6).filter_map(|_| roster.next(&[])).collect();
        assert!(!taken.contains(&list[0]), "{taken:?}");
        assert_eq!(roster.count(), (3, 1));
        assert_eq!(roster.within_reach(), list[1..]);
        roster.reached(list[0]);
        let taken: Vec<_> = (0..3).filter_map(|_| roster.next(&[])).collect();
        assert!(taken.contains(&list[0]), "{taken:?}");
    }

    #[test]
    fn one_that_rests_is_still_taken_when_there_is_no_other() {
        let list = addresses(1);
        let roster = roster(&list);
        roster.failed(list[0]);
        assert_eq!(roster.next(&[]), Some(list[0]));
        assert_eq!(roster.next(&list), None);
    }

    #[tokio::test(start_paused = true)]
    async fn pauses_grow_to_five_seconds_and_an_answer_ends_them() {
        let list = addresses(1);
        let roster = roster(&list);
        let mut pauses = Vec::new();
        for _ in 0..7 {
            roster.failed(list[0]);
            let until = roster.next_due().expect("it rests");
            pauses.push((until - Instant::now()).as_millis());
        }
        assert_eq!(pauses, [200, 400, 800, 1600, 3200, 5000, 5000]);
        roster.answered(list[0]);
        assert_eq!(roster.next_due(), None);
    }

    #[test]
    fn one_that_left_and_came_back_starts_afresh() {
        let list = addresses(2);
        let roster = roster(&list);
        roster.failed(list[0]);
        assert_eq!(roster.update(&list[1..]), (vec![], vec![list[0]]));
        assert_eq!(roster.update(&list), (vec![list[0]], vec![]));
        assert_eq!(roster.due(), [list[0]]);
        roster.reached(list[0]);
        assert_eq!(roster.count(), (2, 0));
    }

    #[test]
    fn one_that_is_new_is_taken_once_it_has_been_reached_and_before_only_for_want_of_another() {
        let list = addresses(2);
        let roster = roster(&list[..1]);
        roster.update(&list);
        assert_eq!(roster.due(), [list[1]]);
        assert!((0..4).all(|_| roster.next(&[]) == Some(list[0])));
        assert_eq!(roster.next(&list[..1]), Some(list[1]));
        roster.answered(list[1]);
        assert_eq!(roster.count(), (2, 0));
    }

    #[test]
    fn a_side_that_was_never_reached_or_failed_twice_is_out_of_reach() {
        let list = addresses(1);
        let roster = Roster::default();
        assert!(!roster.is_within_reach());
        roster.update(&list);
        assert!(!roster.is_within_reach());
        roster.reached(list[0]);
        assert!(roster.is_within_reach());
        roster.failed(list[0]);
        assert!(roster.is_within_reach(), "it may have been this once");
        roster.failed(list[0]);
        assert!(!roster.is_within_reach());
    }
}
