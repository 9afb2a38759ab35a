//! Writing to a client, so that the kernel keeps no more of it than the port's limits.

use std::io;
use std::task::{Context, Poll};

use tokio::net::TcpStream;

/// Writes to a client, or registers for when it has read what was written before.
///
/// Linux looks at the limits only when it begins a new piece, and pieces grow to 64 KB if what is written
/// may be added to the last one. So each write is a piece of its own (`MSG_EOR`, send(2)).
#[cfg(any(target_os = "android", target_os = "linux"))]
pub(super) fn poll_write(
    socket: &mut TcpStream,
    context: &mut Context<'_>,
    bytes: &[u8],
) -> Poll<io::Result<usize>> {
    use std::task::ready;

    use rustix::net::{SendFlags, send};
    use tokio::io::Interest;

    let flags = SendFlags::EOR | SendFlags::NOSIGNAL;
    loop {
        ready!(socket.poll_write_ready(context))?;
        let sent = socket.try_io(Interest::WRITABLE, || Ok(send(&*socket, bytes, flags)?));
        if !sent.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
            return Poll::Ready(sent);
        }
    }
}

/// Writes to a client, or registers for when it has read what was written before.
#[cfg(not(any(target_os = "android", target_os = "linux")))]
pub(super) fn poll_write(
    socket: &mut TcpStream,
    context: &mut Context<'_>,
    bytes: &[u8],
) -> Poll<io::Result<usize>> {
    tokio::io::AsyncWrite::poll_write(std::pin::Pin::new(socket), context, bytes)
}
