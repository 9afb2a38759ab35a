//! The live tasks of a service as discovery shows them now, and whose turn it is.
//!
//! Endpoints are taken in turn, whatever order a resolver lists them in. One that failed backs off:
//! it is skipped until it has answered a check by [`discovery`](crate::discovery), unless there is no
//! other left. So does one that is new, since it may be listed before it can be reached, or long
//! after. An endpoint that leaves DNS and comes back has no failures.

use std::net::SocketAddr;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};

use crate::backoff::Backoff;
use crate::endpoint::{Endpoint, Peer};

mod member;
mod patience;

use self::member::Member;

/// How many endpoints there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Endpoints that can be used.
    pub ready: usize,
    /// Endpoints that failed, or never answered a check.
    pub backing_off: usize,
}

/// The endpoints of a service.
#[derive(Debug)]
pub struct Endpoints {
    peer: Peer,
    state: Mutex<State>,
    /// Counts changes: endpoints added or removed, that failed or can be used again.
    revision: watch::Sender<u64>,
    /// Counts lookups that have ended.
    lookups: watch::Sender<u64>,
    refresh_requested: Notify,
}

#[derive(Debug, Default)]
struct State {
    members: Vec<Member>,
    turn: usize,
}

impl Endpoints {
    /// Makes an empty list of the endpoints of a service.
    #[must_use]
    pub fn new(peer: Peer) -> Self {
        Self {
            peer,
            state: Mutex::default(),
            revision: watch::Sender::new(0),
            lookups: watch::Sender::new(0),
            refresh_requested: Notify::new(),
        }
    }

    /// Returns the name of the service, as logs and metrics have it.
    #[must_use]
    pub const fn service(&self) -> &'static str {
        self.peer.name()
    }

    /// Replaces the list by what discovery found; returns the addresses added and those removed.
    pub fn update(&self, found: &[SocketAddr]) -> (Vec<SocketAddr>, Vec<SocketAddr>) {
        let mut state = self.state.lock();
        let old = std::mem::take(&mut state.members);
        let (mut kept, removed): (Vec<_>, Vec<_>) =
            old.into_iter().partition(|member| found.contains(&member.endpoint.address));
        let mut added = Vec::new();
        for &address in found {
            if !kept.iter().any(|member| member.endpoint.address == address) {
                kept.push(Member::new(address, self.peer));
                added.push(address);
            }
        }
        state.members = kept;
        drop(state);
        if !added.is_empty() || !removed.is_empty() {
            self.changed();
        }
        (added, removed.into_iter().map(|member| member.endpoint.address).collect())
    }

    /// Returns the next endpoint not in `tried`, preferring those not backing off.
    pub fn next(&self, tried: &[SocketAddr]) -> Option<Endpoint> {
        let mut state = self.state.lock();
        let untried = |member: &&Member| !tried.contains(&member.endpoint.address);
        let ready = |member: &&Member| untried(member) && member.is_ready();
        let turn = state.turn;
        let members = &state.members;
        let endpoint = turn
            .checked_rem(members.iter().filter(ready).count())
            .and_then(|n| members.iter().filter(ready).nth(n))
            .or_else(|| members.iter().filter(untried).min_by_key(|member| member.retry_at))
            .map(|member| member.endpoint.clone());
        state.turn = state.turn.wrapping_add(1);
        endpoint
    }

    /// Returns how often [`Endpoints::next`] was asked, from 0 again after the last number.
    pub(crate) fn turns(&self) -> usize {
        self.state.lock().turn
    }

    fn select(&self, wanted: impl Fn(&Member) -> bool) -> Vec<Endpoint> {
        let state = self.state.lock();
        let selected = state.members.iter().filter(|member| wanted(member));
        selected.map(|member| member.endpoint.clone()).collect()
    }

    /// Returns all endpoints, backing off or not.
    #[must_use]
    pub fn listed(&self) -> Vec<Endpoint> {
        self.select(|_| true)
    }

    /// Returns the endpoints that are not backing off.
    #[must_use]
    pub fn ready(&self) -> Vec<Endpoint> {
        self.select(Member::is_ready)
    }

    /// Returns whether discovery lists an address now.
    #[must_use]
    pub fn is_listed(&self, address: SocketAddr) -> bool {
        self.state.lock().members.iter().any(|member| member.endpoint.address == address)
    }

    /// Returns whether an endpoint has not been checked yet.
    pub(crate) fn is_new(&self, address: SocketAddr) -> bool {
        let state = self.state.lock();
        state.members.iter().any(|member| member.endpoint.address == address && member.is_new())
    }

    /// Returns whether there is no endpoint at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.state.lock().members.is_empty()
    }

    /// Returns whether anybody can be expected to answer: an endpoint that is ready, or that failed
    /// but once.
    #[must_use]
    pub fn is_reachable(&self) -> bool {
        let expected = |member: &Member| member.is_ready() || member.backoff.failures() == 1;
        self.state.lock().members.iter().any(expected)
    }

    /// Returns how many endpoints there are.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let state = self.state.lock();
        let ready = state.members.iter().filter(|member| member.is_ready()).count();
        Counts { ready, backing_off: state.members.len() - ready }
    }

    /// Has an endpoint back off, longer each time, and discovery look again at once.
    pub fn failed(&self, address: SocketAddr) {
        self.back_off(address);
        self.request_refresh();
    }

    /// Has discovery look again at once.
    pub fn request_refresh(&self) {
        self.refresh_requested.notify_one();
    }

    /// Has an endpoint back off, longer each time.
    pub(crate) fn back_off(&self, address: SocketAddr) {
        self.change(address, |member| {
            member.retry_at = Some(Instant::now() + member.backoff.fail());
            true
        });
    }

    /// Has an endpoint back off that had worked until now: earlier failures no longer count.
    pub fn lost(&self, address: SocketAddr) {
        self.change(address, |member| {
            member.backoff = Backoff::default();
            false
        });
        self.failed(address);
    }

    /// Forgets an endpoint's failures, since it has answered.
    pub fn answered(&self, address: SocketAddr) {
        self.change(address, |member| {
            let was_ready = member.is_ready();
            member.backoff = Backoff::default();
            member.retry_at = None;
            member.proven = true;
            !was_ready
        });
    }

    /// Ends an endpoint's backoff, since it answered a check; its failures still count until it
    /// answers a request.
    pub(crate) fn checked(&self, address: SocketAddr) {
        self.change(address, |member| {
            member.proven = true;
            member.retry_at.take().is_some()
        });
    }

    /// Makes a new endpoint ready, since it accepted a connection; whatever it answers first proves
    /// whether it is the one that was meant.
    pub(crate) fn connected(&self, address: SocketAddr) {
        self.change(address, |member| {
            let is_new = member.is_new();
            member.retry_at = member.retry_at.filter(|_| !is_new);
            is_new
        });
    }

    /// Changes a member; `change` returns whether others are to hear of it.
    fn change(&self, address: SocketAddr, change: impl FnOnce(&mut Member) -> bool) {
        let mut state = self.state.lock();
        let member = state.members.iter_mut().find(|member| member.endpoint.address == address);
        let changed = member.is_some_and(change);
        drop(state);
        if changed {
            self.changed();
        }
    }

    /// Has those who follow changes look again.
    pub fn changed(&self) {
        self.revision.send_modify(|revision| *revision = revision.wrapping_add(1));
    }

    /// Returns a receiver that is notified of every change.
    #[must_use]
    pub fn subscribe(&self) -> watch::Receiver<u64> {
        self.revision.subscribe()
    }

    /// Waits until discovery no longer lists an address.
    pub async fn removed(&self, address: SocketAddr) {
        let mut revision = self.subscribe();
        while self.is_listed(address) {
            // The sender lives as long as `self`.
            let _ = revision.changed().await;
        }
    }

    /// Returns whether discovery has found an endpoint, or has looked and found none.
    #[must_use]
    pub fn looked_up(&self) -> bool {
        !self.is_empty() || *self.lookups.borrow() > 0
    }

    /// Waits until discovery has looked for the first time, at most for `patience`.
    pub async fn first_lookup(&self, patience: Duration) {
        let mut lookups = self.lookups.subscribe();
        if !self.looked_up() {
            // Out of time is not an error: the caller goes on with what is known.
            let _ = timeout(patience, lookups.changed()).await;
        }
    }

    /// Has discovery look again and waits until it has, at most for `patience`.
    pub async fn refresh(&self, patience: Duration) {
        let mut lookups = self.lookups.subscribe();
        self.request_refresh();
        // Out of time is not an error: the caller goes on with what is known.
        let _ = timeout(patience, lookups.changed()).await;
    }

    /// Waits until somebody asks for a refresh.
    pub(crate) async fn refresh_requested(&self) {
        self.refresh_requested.notified().await;
    }

    /// Counts a lookup that has ended.
    pub(crate) fn refreshed(&self) {
        self.lookups.send_modify(|lookups| *lookups = lookups.wrapping_add(1));
    }

    /// Returns the endpoints that have not proven themselves, or backed off long enough to be checked
    /// again.
    pub(crate) fn due(&self) -> Vec<Endpoint> {
        let now = Instant::now();
        self.select(|member| member.retry_at.map_or(!member.proven, |at| at <= now))
    }

    /// Returns when the next endpoint will have backed off long enough, if any is backing off.
    pub(crate) fn next_due(&self) -> Option<Instant> {
        self.state.lock().members.iter().filter_map(|member| member.retry_at).min()
    }
}

#[cfg(test)]
mod tests;
