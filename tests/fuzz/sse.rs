//! Server-sent events: however the bytes are cut, the events are the same, and none is larger than its
//! limit.

use client::sse::{EventTooLong, MAX_EVENT_BYTES, Parser, SseEvent};

use crate::pieces::cuts;

/// See [`Target::check`](crate::target::Target::check).
pub(crate) fn check(input: &[u8]) -> bool {
    let whole = read([input]);
    assert_eq!(read(input.chunks(1)), whole, "byte by byte");
    let mut begin = 0;
    let pieces = cuts(input).map(|end| &input[std::mem::replace(&mut begin, end)..end]);
    assert_eq!(read(pieces), whole, "in pieces");
    for SseEvent { kind, data } in &whole.0 {
        // What is no UTF-8 is replaced, byte by byte, with a character of three bytes.
        assert!(kind.len() + data.len() <= 3 * MAX_EVENT_BYTES);
        assert!(!kind.contains(['\r', '\n']) && !data.contains('\r'));
    }
    !whole.0.is_empty()
}

fn read<'a>(
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<SseEvent>, Result<(), EventTooLong>) {
    let (mut parser, mut events) = (Parser::default(), Vec::new());
    let outcome = pieces.into_iter().try_for_each(|piece| parser.parse(piece, &mut events));
    (events, outcome)
}
