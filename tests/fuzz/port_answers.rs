//! Answers at published ports: the node that one names is read as it is written, and what follows the head
//! has no meaning.

use protocol::node::Node;
use protocol::probe::ProbeFailure;
use proxy::port_check::parse;

/// See [`Target::check`](crate::target::Target::check).
pub(crate) fn check(input: &[u8]) -> bool {
    let more = [input, b"\r\n\r\nPong-Proxy: pi9"].concat();
    match parse(input) {
        Ok(node) => {
            assert_eq!(node.to_string().parse::<Node>().as_ref(), Ok(&node));
            assert_eq!(parse(&more), Ok(node));
            true
        }
        Err(ProbeFailure::Reset | ProbeFailure::WrongService) => false,
        Err(other) => panic!("{other:?}"),
    }
}
