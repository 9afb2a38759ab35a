//! Permits that are handed out in the order in which they were asked for.
//!
//! A queue that moves is never jumped. One that does not move, since whoever holds the permits hangs,
//! gets as many permits again; those that hang return theirs to nobody.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

/// A number of permits and the queue for them.
#[derive(Debug)]
pub struct Permits {
    limit: usize,
    /// How long a queue may stand still before its permits are written off.
    stalled_after: Duration,
    free: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// When a permit was last handed out, or the queue last given new ones.
    last_turn: Instant,
    /// How many permits there are beyond the limit.
    written_off: usize,
}

/// A permit; it is returned when dropped.
#[derive(Debug)]
pub struct Permit {
    permits: Arc<Permits>,
    inner: Option<OwnedSemaphorePermit>,
}

impl Permits {
    /// Makes this many permits, which are written off when for `stalled_after` somebody waits and
    /// none is handed out.
    #[must_use]
    pub fn new(limit: usize, stalled_after: Duration) -> Arc<Self> {
        let state = State { last_turn: Instant::now(), written_off: 0 };
        let free = Arc::new(Semaphore::new(limit));
        Arc::new(Self { limit, stalled_after, free, state: Mutex::new(state) })
    }

    /// Waits for a permit.
    ///
    /// # Panics
    ///
    /// Never: nobody else has the semaphore, and it is not closed here.
    pub async fn acquire(self: &Arc<Self>) -> Permit {
        let asked = Instant::now();
        let mut turn = std::pin::pin!(Arc::clone(&self.free).acquire_owned());
        loop {
            let stalled_at = self.state.lock().last_turn.max(asked) + self.stalled_after;
            match timeout_at(stalled_at, &mut turn).await {
                Ok(permit) => {
                    self.state.lock().last_turn = Instant::now();
                    let inner = Some(permit.expect("the semaphore is never closed"));
                    return Permit { permits: Arc::clone(self), inner };
                }
                Err(_) => self.write_off(asked),
            }
        }
    }

    /// Makes new permits, unless one was handed out meanwhile or another who waits has made them.
    fn write_off(&self, asked: Instant) {
        let now = Instant::now();
        let mut state = self.state.lock();
        if now.duration_since(state.last_turn.max(asked)) >= self.stalled_after {
            state.last_turn = now;
            state.written_off += self.limit;
            self.free.add_permits(self.limit);
        }
    }

    /// Returns how many permits are in use, those written off among them.
    #[must_use]
    pub fn in_use(&self) -> usize {
        let written_off = self.state.lock().written_off;
        (self.limit + written_off).saturating_sub(self.free.available_permits())
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.permits.state.lock();
        if state.written_off > 0 {
            state.written_off -= 1;
            self.inner.take().into_iter().for_each(OwnedSemaphorePermit::forget);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::future::join_all;
    use tokio::time::sleep;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn a_queue_that_moves_is_never_jumped() {
        let permits = Permits::new(2, PATIENCE);
        let (playing, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let order = Mutex::new(Vec::new());
        // The last one waits 45 s, 45 times as long as a queue may stand still.
        let clients = (0..100).map(async |n| {
            let _permit = permits.acquire().await;
            order.lock().push(n);
            most.fetch_max(playing.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
            sleep(Duration::from_millis(900)).await;
            playing.fetch_sub(1, Ordering::Relaxed);
        });
        join_all(clients).await;
        assert_eq!(most.into_inner(), 2);
        assert_eq!(order.into_inner(), (0..100).collect::<Vec<_>>());
        assert_eq!(permits.in_use(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_queue_that_stands_still_gets_as_many_permits_again_in_order() {
        let permits = Permits::new(2, PATIENCE);
        let hanging = [permits.acquire().await, permits.acquire().await];
        let begun = Instant::now();
        let turns = (0..6).map(async |n| {
            let permit = permits.acquire().await;
            (n, begun.elapsed().as_secs(), permit)
        });
        let turns = join_all(turns).await;
        let order: Vec<_> = turns.iter().map(|(n, after, _)| (*n, *after)).collect();
        assert_eq!(order, [(0, 1), (1, 1), (2, 2), (3, 2), (4, 3), (5, 3)]);
        assert_eq!(permits.in_use(), 8);
        drop((hanging, turns));
        assert_eq!((permits.in_use(), permits.free.available_permits()), (0, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn who_comes_late_waits_as_long_as_the_queue_may_stand_still() {
        let permits = Permits::new(1, PATIENCE);
        let _hanging = permits.acquire().await;
        sleep(PATIENCE * 10).await;
        let begun = Instant::now();
        let _permit = permits.acquire().await;
        assert_eq!(begun.elapsed(), PATIENCE);
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_waiting_takes_no_permit_along() {
        let permits = Permits::new(1, PATIENCE);
        let held = permits.acquire().await;
        tokio::time::timeout(PATIENCE / 2, permits.acquire()).await.expect_err("taken");
        drop(held);
        assert_eq!(permits.in_use(), 0);
        permits.acquire().await;
    }
}
