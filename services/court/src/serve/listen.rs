//! Opening a port.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

/// How many connections may wait to be taken in. The standard library's 128 are fewer than the
/// clients that may come at once, and the kernel drops the others: each waits a second and more
/// before it tries again (listen(2); RFC 6298, section 2).
const BACKLOG: i32 = 1024;

/// Opens a port; 0 is any free one.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A service that starts again must not wait for the last one's connections to fade. On Windows
    // the same option would let two services share a port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
