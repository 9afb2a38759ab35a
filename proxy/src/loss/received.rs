//! What this proxy has received of the datagrams of others.

use std::net::SocketAddr;
use std::time::Duration;

use server::expiring::ExpiringMap;

use super::datagram::{Answer, Counts, Request};

/// Maximum number of sessions: of a node among 200, about 16 probe it, and at most twice as many.
const MAX_SESSIONS: usize = 64;

/// How long a session is kept after its last datagram.
const KEPT_FOR: Duration = Duration::from_secs(60);

/// The sessions of those who measure the loss on their way here.
#[derive(Debug)]
pub(super) struct Received {
    /// What only this process's answers to probes tell.
    key: u64,
    sessions: ExpiringMap<(SocketAddr, u64), Session>,
}

#[derive(Debug)]
struct Session {
    epoch: u32,
    received: Counts,
    /// How long the last small one was under way, by two clocks of which neither is right.
    transit: Option<u32>,
    /// In microseconds.
    jitter: f64,
}

impl Received {
    /// Makes that of a process with this key.
    pub(super) fn new(key: u64) -> Self {
        Self { key, sessions: ExpiringMap::new(MAX_SESSIONS, KEPT_FOR) }
    }

    /// Begins anew to count, since some datagrams may have found no room to wait in.
    pub(super) fn clear(&mut self) {
        self.sessions.retain(|_| false);
    }

    /// Forgets those that have ended.
    pub(super) fn expire(&mut self) {
        self.sessions.expire();
    }

    /// Returns how many sessions are kept.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.sessions.len()
    }

    /// Counts a datagram that has arrived at this time, in microseconds; returns what to answer, if
    /// anything. One with another key was not meant for this process.
    pub(super) fn count(
        &mut self,
        from: SocketAddr,
        request: &Request,
        is_large: bool,
        now: u32,
    ) -> Option<Answer> {
        if request.key != self.key {
            return None;
        }
        let session = self.sessions.entry(&(from, request.session), || Session {
            epoch: rand::random(),
            received: Counts::default(),
            transit: None,
            jitter: 0.0,
        });
        let received = session.received;
        if is_large {
            session.received.large = received.large.wrapping_add(1);
        } else {
            session.received.small = received.small.wrapping_add(1);
            session.arrive(now.wrapping_sub(request.sent_at));
        }
        request.wants_answer.then_some(Answer {
            session: request.session,
            sent: request.sent,
            received,
            jitter: session.jitter as u32,
            epoch: session.epoch,
        })
    }
}

impl Session {
    /// Updates the jitter (RFC 3550, section 6.4.1).
    fn arrive(&mut self, transit: u32) {
        if let Some(last) = self.transit.replace(transit) {
            let difference = transit.wrapping_sub(last).cast_signed().unsigned_abs();
            self.jitter += (f64::from(difference) - self.jitter) / 16.0;
        }
    }
}
