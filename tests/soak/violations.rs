//! What must not happen and did.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::table::print;

/// How many are printed; the others are only counted.
const MAX_PRINTED: usize = 40;

/// The violations so far.
#[derive(Debug, Default)]
pub(crate) struct Violations(AtomicUsize);

impl Violations {
    /// Counts a violation, and prints it.
    pub(crate) fn add(&self, violation: impl AsRef<str>) {
        if self.0.fetch_add(1, Ordering::Relaxed) < MAX_PRINTED {
            print(&format!("   VIOLATION {}", violation.as_ref()));
        }
    }

    /// Returns how many there were.
    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}
