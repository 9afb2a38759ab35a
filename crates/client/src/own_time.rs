//! Time-outs that do not count the time in which this process did not run.
//!
//! A process that was stopped for a while, or a machine that slept, finds all of its time-outs
//! expired and the answers waiting to be read. Nobody is to blame for them.

use std::pin::pin;
use std::time::Duration;

use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout as within};

/// How long a wait goes on before the time is looked at again.
const SLICE: Duration = Duration::from_millis(50);

/// How late a timer may fire on a busy machine. When it is later, this process did not run.
const LATE: Duration = Duration::from_millis(100);

/// Waits for a future, at most until this process has run for `limit` meanwhile; returns how long it
/// has run too. Of a time in which it did not run, and up to 50 ms before, nothing counts.
///
/// # Errors
///
/// [`Elapsed`], when the future was not ready in time.
pub(crate) async fn timeout<F: Future>(
    limit: Duration,
    future: F,
) -> (Result<F::Output, Elapsed>, Duration) {
    let mut future = pin!(future);
    let mut ran = Duration::ZERO;
    loop {
        let slice = SLICE.min(limit - ran);
        let begun = Instant::now();
        let outcome = within(slice, &mut future).await;
        let took = begun.elapsed();
        if took < slice + LATE {
            ran = limit.min(ran + took);
        }
        if outcome.is_ok() || ran == limit {
            return (outcome, ran);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::sleep;

    use super::*;

    const LIMIT: Duration = Duration::from_millis(120);

    #[tokio::test(start_paused = true)]
    async fn who_does_not_answer_is_given_up_in_time() {
        let begun = Instant::now();
        let (outcome, ran) = timeout(LIMIT, pending::<()>()).await;
        outcome.expect_err("nothing to wait for");
        assert_eq!((begun.elapsed(), ran), (LIMIT, LIMIT));
        let (outcome, ran) = timeout(LIMIT, sleep(LIMIT / 2)).await;
        outcome.expect("in time");
        assert_eq!(ran, LIMIT / 2);
    }

    /// Is what a stopped process has: time passes, and nothing is polled.
    fn pause() {
        std::thread::sleep(SLICE + 2 * LATE);
    }

    #[tokio::test]
    async fn a_pause_of_this_process_is_not_the_others_fault() {
        let answer = async {
            pause();
            sleep(LIMIT / 2).await;
            pause();
        };
        let (outcome, ran) = timeout(LIMIT, answer).await;
        outcome.expect("waited for after the pause");
        assert!(ran < LIMIT, "{ran:?}");
        let never = async {
            pause();
            pending::<()>().await;
        };
        let (outcome, ran) = timeout(LIMIT, never).await;
        outcome.expect_err("not waited for longer");
        assert_eq!(ran, LIMIT);
    }
}
