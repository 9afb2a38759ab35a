//! Ports that are known before a service listens on them, or that nobody ever listens on.

use std::net::SocketAddr;

use tokio::net::TcpSocket;

/// A loopback port that is bound and not listened on: connections are refused, nobody else gets it,
/// and a service can still be started on it, also again and again.
pub(crate) struct ReservedPort {
    /// The address with the port.
    pub(crate) address: SocketAddr,
    _socket: TcpSocket,
}

/// Reserves a port.
pub(crate) fn reserve() -> ReservedPort {
    let socket = TcpSocket::new_v4().expect("a socket");
    // Sockets that both have this option share a port until one of them listens.
    socket.set_reuseaddr(true).expect("an option");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    ReservedPort { address: socket.local_addr().expect("bound"), _socket: socket }
}

/// Reserves several ports.
pub(crate) fn reserve_many<const N: usize>() -> [ReservedPort; N] {
    std::array::from_fn(|_| reserve())
}

/// Returns addresses as options take them.
pub(crate) fn list(addresses: impl IntoIterator<Item = SocketAddr>) -> String {
    addresses.into_iter().map(|address| address.to_string()).collect::<Vec<_>>().join(",")
}
