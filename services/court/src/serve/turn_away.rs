//! Connections that reach a port after its service has stopped taking them in.
//!
//! The kernel accepts connections on its own; what is still in its queue when the port closes is
//! reset, and the client sees its request cut off. So they are taken out and answered until the end.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;

/// Answers with a length, so that the client need not wait for the end of the connection.
const STOPPING: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\n\
    Content-Type: text/plain\r\nContent-Length: 9\r\nRetry-After: 1\r\nConnection: close\r\n\r\n\
    stopping\n";

/// How long one connection is waited for, to send its request and to close.
const PATIENCE: Duration = Duration::from_millis(500);

/// Answers everyone who still connects with 503 and `Retry-After`, until the handle is dropped.
pub(super) fn all(listener: TcpListener) -> AbortOnDropHandle<io::Result<()>> {
    AbortOnDropHandle::new(tokio::spawn(async move {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener)?;
        loop {
            let (connection, _) = listener.accept().await?;
            tokio::spawn(timeout(PATIENCE, one(connection)));
        }
    }))
}

async fn one(mut connection: TcpStream) -> io::Result<()> {
    let mut request = [0; 2048];
    // Closing with the request unread would reset the connection, and the answer with it.
    if connection.read(&mut request).await? > 0 {
        connection.write_all(STOPPING).await?;
    }
    connection.shutdown().await?;
    while connection.read(&mut request).await? > 0 {}
    Ok(())
}
