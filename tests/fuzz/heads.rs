//! Heads of requests: ours ends where httparse's does, which is actix's parser, and however much comes
//! after it.

use httparse::{EMPTY_HEADER, Request, Status};
use server::head;

use crate::pieces::cuts;

/// Maximum number of bytes that are looked at.
const MAX_HEAD_BYTES: usize = 8 * 1024;

/// How many headers actix allows.
const MAX_HEADERS: usize = 96;

/// See [`Target::check`](crate::target::Target::check).
pub(crate) fn check(input: &[u8]) -> bool {
    let input = &input[..input.len().min(MAX_HEAD_BYTES)];
    let end = head::length(input);
    for cut in cuts(input) {
        assert_eq!(head::length(&input[..cut]), end.filter(|end| *end <= cut), "cut at {cut}");
    }
    match Request::new(&mut [EMPTY_HEADER; MAX_HEADERS]).parse(input) {
        Ok(Status::Complete(length)) => assert_eq!(end, Some(length), "complete"),
        Ok(Status::Partial) => assert_eq!(end, None, "partial"),
        // Wherever it ends, it is refused.
        Err(_) => return false,
    }
    end.is_some()
}
