//! The wall clock.

use std::time::SystemTime;

/// Returns the time in milliseconds since 1970; 0 if the clock is set to before that.
#[must_use]
pub fn unix_millis() -> u64 {
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since_1970.map_or(0, |time| u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}
