//! Paces: what is accepted is in the range, and is written so that it is read as the same.

use manager::Pace;
use protocol::timing::MAX_PACE;

/// See [`Target::check`](crate::target::Target::check).
pub(crate) fn check(input: &[u8]) -> bool {
    let text = &*String::from_utf8_lossy(input);
    match text.parse::<Pace>() {
        Ok(pace) => {
            assert!(pace.pause() <= MAX_PACE, "{pace}");
            assert_eq!(pace.is_full_speed(), pace.pause().is_zero());
            assert_eq!(pace.to_string().parse(), Ok(pace));
            true
        }
        Err(error) => {
            assert!(error.to_string().len() <= text.len() + 100, "{error}");
            false
        }
    }
}
