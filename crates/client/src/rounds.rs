//! The moments at which everything in a process that rests looks around: the same for all of it, so that it
//! wakes up once for all.

use std::sync::OnceLock;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// Waits for the next round of those at this interval.
pub async fn next(interval: Duration) {
    sleep_until(after(Instant::now(), interval)).await;
}

/// Returns when the next round after a moment is: when a whole number of intervals has passed since this process
/// looked around for the first time.
pub(crate) fn after(moment: Instant, interval: Duration) -> Instant {
    static FIRST: OnceLock<std::time::Instant> = OnceLock::new();
    let first = Instant::from_std(*FIRST.get_or_init(std::time::Instant::now));
    let passed = moment.saturating_duration_since(first);
    let rest = Duration::from_nanos((passed.as_nanos() % interval.as_nanos()) as u64);
    first + passed + interval - rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounds_coincide_and_the_next_one_is_at_most_an_interval_away() {
        let second = Duration::from_secs(1);
        let begun = Instant::now();
        let first = after(begun, second);
        for millis in [0, 1, 999, 1500, 86_400_000] {
            let moment = begun + Duration::from_millis(millis);
            let next = after(moment, second);
            assert!(next > moment && next <= moment + second, "{millis} ms");
            assert_eq!((next - first).subsec_nanos(), 0, "{millis} ms");
            let every_other = after(moment, 2 * second);
            assert!(every_other == next || every_other == next + second, "{millis} ms");
        }
    }
}
