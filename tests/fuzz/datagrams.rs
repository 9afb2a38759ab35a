//! Datagrams that measure loss: what is accepted has the length of one, and is read again as it is written.

use proxy::loss::datagram::{Datagram, LENGTH};

/// See [`Target::check`](crate::target::Target::check).
pub(crate) fn check(input: &[u8]) -> bool {
    let Some(datagram) = Datagram::parse(input) else { return false };
    assert!(input.len() >= LENGTH);
    let written = match datagram {
        Datagram::Request(request) => request.encode(input.len()),
        Datagram::Answer(answer) => answer.encode(),
    };
    assert_eq!((written.len(), Datagram::parse(&written)), (input.len(), Some(datagram)));
    true
}
