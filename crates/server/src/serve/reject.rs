//! Connections that reach a port after its service has stopped accepting them.
//!
//! The kernel accepts connections on its own; those still in its queue when the port closes are
//! reset, and the client sees its request cut off. So they are taken out and answered until the end.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use protocol::headers::FROM;
use protocol::service::Service;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The end of the response, with a length, so that the client need not wait for the end of the connection.
const STOPPING: &str = "Content-Type: text/plain\r\nContent-Length: 9\r\nRetry-After: 1\r\n\
    Connection: close\r\n\r\nstopping\n";

/// How long one connection may take to send its request and to close.
const REQUEST_TIMEOUT: Duration = Duration::from_millis(500);

/// Answers everyone who still connects with 503 and `Retry-After`.
pub(super) struct Rejector {
    closing: CancellationToken,
    task: JoinHandle<io::Result<()>>,
}

impl Rejector {
    pub(super) fn start(listener: TcpListener, own: Service) -> Self {
        let closing = CancellationToken::new();
        let task = tokio::spawn(reject_all(listener, response(own), closing.clone()));
        Self { closing, task }
    }

    /// Closes the port and waits until everyone who had connected by then has a response: the end
    /// of the process would cut them off.
    pub(super) async fn finish(self) {
        self.closing.cancel();
        // The service has stopped; a failure here concerns nobody any more.
        let _ = self.task.await;
    }
}

/// Returns the response of a service; that of a proxy, whose public port strangers reach, does not
/// name it.
fn response(own: Service) -> Arc<str> {
    let from = if own == Service::Proxy { String::new() } else { format!("{FROM}: {own}\r\n") };
    format!("HTTP/1.1 503 Service Unavailable\r\n{from}{STOPPING}").into()
}

async fn reject_all(
    listener: TcpListener,
    response: Arc<str>,
    closing: CancellationToken,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    let responses = TaskTracker::new();
    while let Some(accepted) = closing.run_until_cancelled(listener.accept()).await {
        responses.spawn(timeout(REQUEST_TIMEOUT, reject(accepted?.0, Arc::clone(&response))));
    }
    // The runtime may not have heard yet of those that came last; the kernel knows.
    let listener = listener.into_std()?;
    while let Ok((connection, _)) = listener.accept() {
        connection.set_nonblocking(true)?;
        responses.spawn(timeout(
            REQUEST_TIMEOUT,
            reject(TcpStream::from_std(connection)?, Arc::clone(&response)),
        ));
    }
    drop(listener);
    responses.close();
    responses.wait().await;
    Ok(())
}

async fn reject(mut connection: TcpStream, response: Arc<str>) -> io::Result<()> {
    let mut request = [0; 2048];
    // Closing with the request unread would reset the connection, and the response with it.
    if connection.read(&mut request).await? > 0 {
        connection.write_all(response.as_bytes()).await?;
    }
    connection.shutdown().await?;
    while connection.read(&mut request).await? > 0 {}
    Ok(())
}
