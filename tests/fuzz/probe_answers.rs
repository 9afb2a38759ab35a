//! Answers to probes: a report is read as it is written, and one that is cut off is never another.

use protocol::probe::{ProbeFailure, ProbeReport};
use proxy::probe_answer::{MAX_ANSWER_BYTES, parse};

use crate::pieces::cuts;

/// See [`Target::check`](crate::target::Target::check).
pub(crate) fn check(input: &[u8]) -> bool {
    let input = &input[..input.len().min(MAX_ANSWER_BYTES)];
    let Ok(report) = parse(input) else { return false };
    let json = serde_json::to_string(&report).expect("plain");
    assert_eq!(serde_json::from_str::<ProbeReport>(&json).expect("as it was written"), report);
    for cut in cuts(input) {
        match parse(&input[..cut]) {
            // A number that ends with its `e`, in a field of no meaning, is invalid for `serde_json`.
            Err(ProbeFailure::Reset | ProbeFailure::InvalidAnswer) => {}
            // It ends with white space.
            other => assert_eq!(other.as_ref(), Ok(&report), "cut at {cut}"),
        }
    }
    true
}
