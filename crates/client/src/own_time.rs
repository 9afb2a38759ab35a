//! Time-outs that do not count the time in which this process did not run.
//!
//! A process that was stopped for a while, or a machine that slept, finds all of its time-outs
//! expired and the answers waiting to be read. Nobody is to blame for them.

use std::pin::pin;
use std::time::Duration;

use tokio::time::error::Elapsed;
use tokio::time::{Instant, timeout_at};

/// How late a timer may fire on a busy machine. When it is later, this process did not run.
const LATE: Duration = Duration::from_millis(100);

/// Waits for a future, at most for `limit`; once more as long, when this process did not run at the
/// end of it.
///
/// # Errors
///
/// [`Elapsed`], when the future was not ready in time.
pub async fn timeout<F: Future>(limit: Duration, future: F) -> Result<F::Output, Elapsed> {
    let mut future = pin!(future);
    let deadline = Instant::now() + limit;
    let outcome = timeout_at(deadline, &mut future).await;
    if outcome.is_ok() || deadline.elapsed() < LATE {
        return outcome;
    }
    timeout_at(Instant::now() + limit, future).await
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::time::sleep;

    use super::*;

    const LIMIT: Duration = Duration::from_millis(50);

    #[tokio::test(start_paused = true)]
    async fn who_does_not_answer_is_given_up_in_time() {
        let begun = Instant::now();
        timeout(LIMIT, pending::<()>()).await.expect_err("nothing to wait for");
        assert_eq!(begun.elapsed(), LIMIT);
        timeout(LIMIT, sleep(LIMIT / 2)).await.expect("in time");
    }

    #[tokio::test]
    async fn a_pause_of_this_process_is_not_the_others_fault() {
        let answer = async {
            // As a stopped process has it: time passes, and nothing is polled.
            std::thread::sleep(LIMIT + 2 * LATE);
            sleep(LIMIT / 2).await;
        };
        timeout(LIMIT, answer).await.expect("waited for after the pause");
        let never = async {
            std::thread::sleep(LIMIT + 2 * LATE);
            pending::<()>().await;
        };
        timeout(LIMIT, never).await.expect_err("not waited for twice");
    }
}
