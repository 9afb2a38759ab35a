//! How many rallies may be in flight at once.
//!
//! Slow rallies have a limit of their own: people who watch them for minutes never take the places
//! of rallies that last milliseconds.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::pace::Pace;

/// The limits of rallies in flight: one at full speed, and one of the same size for those with a
/// pace.
#[derive(Debug)]
pub(crate) struct InFlight {
    limit: u32,
    full_speed: Arc<Semaphore>,
    slow: Arc<Semaphore>,
}

impl InFlight {
    /// Makes limits of this many rallies each.
    pub(crate) fn new(limit: u32) -> Self {
        let permits = || Arc::new(Semaphore::new(limit as usize));
        Self { limit, full_speed: permits(), slow: permits() }
    }

    /// Admits a rally, until the permit is dropped; none at the limit.
    pub(crate) fn admit(&self, pace: Pace) -> Option<OwnedSemaphorePermit> {
        let permits = if pace.is_full_speed() { &self.full_speed } else { &self.slow };
        Arc::clone(permits).try_acquire_owned().ok()
    }

    /// Returns how many rallies are in flight.
    pub(crate) fn count(&self) -> usize {
        let limit = self.limit as usize;
        let count = |permits: &Semaphore| limit.saturating_sub(permits.available_permits());
        count(&self.full_speed) + count(&self.slow)
    }

    /// Waits until no rally is in flight; from then on none is admitted.
    pub(crate) async fn close_when_empty(&self) {
        let all = tokio::join!(
            self.full_speed.acquire_many(self.limit),
            self.slow.acquire_many(self.limit)
        );
        self.full_speed.close();
        self.slow.close();
        drop(all);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use futures_util::FutureExt;

    use super::*;

    fn slow() -> Pace {
        "300ms".parse().expect("a pace")
    }

    #[test]
    fn slow_rallies_never_take_the_places_of_fast_ones() {
        let in_flight = InFlight::new(2);
        let held: Vec<_> = (0..9).filter_map(|_| in_flight.admit(slow())).collect();
        assert_eq!(held.len(), 2);
        let fast: Vec<_> = (0..9).filter_map(|_| in_flight.admit(Pace::default())).collect();
        assert_eq!((fast.len(), in_flight.count()), (2, 4));
        drop(held);
        assert!(in_flight.admit(slow()).is_some());
        assert!(in_flight.admit(Pace::default()).is_none());
    }

    #[tokio::test]
    async fn none_is_admitted_after_the_last_one_has_ended() {
        let in_flight = InFlight::new(2);
        let held = (in_flight.admit(slow()), in_flight.admit(Pace::default()));
        let mut closing = std::pin::pin!(in_flight.close_when_empty());
        assert!(closing.as_mut().now_or_never().is_none());
        drop(held);
        tokio::time::timeout(Duration::from_secs(5), closing).await.expect("empty");
        assert!(in_flight.admit(slow()).is_none() && in_flight.admit(Pace::default()).is_none());
    }
}
