//! What happens on one connection, from its first byte to its end.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use actix_http::error::DispatchError;
use actix_web::dev::Service;
use protocol::timing::{KEEP_ALIVE, REST_INTERVAL};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::connection::{Connection, Stream};
use super::connections::Connections;
use super::date;
use super::head::{self, MAX_HEAD_BYTES};
use super::refusal::{Refusal, Refusals};

/// How long the head of a request may take from its first byte on.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an unused connection keeps actix's buffers, 16 KB, if there are few connections. One in use
/// would have to allocate them for each request, also one that a scoreboard at rest uses every two
/// seconds.
const KEEP_BUFFERS: Duration = REST_INTERVAL.saturating_add(Duration::from_secs(1));

/// How long a client that is refused may take to read why, and to stop sending.
const LINGER: Duration = Duration::from_millis(500);

/// How many times 2 KB of what such a client still sends are read.
const MAX_DISCARDED: usize = 32;

/// What the connections of a port share.
#[derive(Clone, Debug)]
pub(super) struct Port {
    pub(super) connections: Arc<Connections>,
    pub(super) refusals: Refusals,
    /// Cancelled when no more requests are taken.
    pub(super) draining: CancellationToken,
}

impl Port {
    /// Makes what the connections of a port share.
    pub(super) fn new(connections: Arc<Connections>, refusals: Refusals) -> Self {
        Self { connections, refusals, draining: CancellationToken::new() }
    }
}

/// Why no other request is read.
enum End {
    /// The client or the server has closed the connection, or it was unused for too long.
    Closed,
    HeadTooLarge,
    HeadTooSlow,
}

impl From<io::Error> for End {
    fn from(_: io::Error) -> Self {
        Self::Closed
    }
}

/// Serves a connection until its end, or until it has to make room for another.
pub(super) async fn serve<S>(socket: TcpStream, http: Rc<S>, port: Port)
where
    S: Service<(Stream, Option<SocketAddr>), Response = (), Error = DispatchError>,
{
    // A client that has left already has no address.
    let Ok(peer) = socket.peer_addr() else { return };
    let (place, evicted) = port.connections.admit(peer.ip()).await;
    let connection = Connection::new(socket, peer, place);
    tokio::select! {
        biased;
        () = serve_requests(&connection, &*http, &port) => {}
        _ = evicted => {}
    }
}

async fn serve_requests<S>(connection: &Rc<Connection>, http: &S, port: &Port)
where
    S: Service<(Stream, Option<SocketAddr>), Response = (), Error = DispatchError>,
{
    let mut draining = std::pin::pin!(port.draining.cancelled());
    let mut dispatcher: Option<Pin<Box<S::Future>>> = None;
    loop {
        connection.place.wait();
        let is_pipelined = connection.received(|received| !received.is_empty());
        let head = tokio::select! {
            biased;
            head = next_head(connection, || dispatcher = None) => head,
            () = &mut draining => Err(End::Closed),
        };
        connection.place.proceed();
        match head {
            Ok(head) => {
                connection.place.begin_answer(is_pipelined, || dispatcher = None).await;
                connection.hand_out(head);
            }
            Err(End::Closed) => return,
            Err(End::HeadTooLarge) => {
                port.refusals.count(Refusal::HeadTooLarge, connection.peer.ip());
                let status = "431 Request Header Fields Too Large";
                return refuse(connection, status, "the head of the request exceeds 8 KB\n").await;
            }
            Err(End::HeadTooSlow) => {
                port.refusals.count(Refusal::HeadTooSlow, connection.peer.ip());
                let reason = "the head of the request took more than 5 s\n";
                return refuse(connection, "408 Request Timeout", reason).await;
            }
        }
        let begin = || Box::pin(http.call((Stream(Rc::clone(connection)), Some(connection.peer))));
        let ended = answer(connection, dispatcher.get_or_insert_with(begin).as_mut()).await;
        connection.place.end_answer();
        if ended.is_some() {
            dispatcher = None;
        }
        match ended {
            None => {}
            Some(Ok(())) if connection.has_unread() => return linger(connection).await,
            Some(Ok(())) => return,
            Some(Err(error)) => {
                if let DispatchError::Parse(error) = error {
                    port.refusals.count(Refusal::Malformed, connection.peer.ip());
                    if connection.is_begun() {
                        return linger(connection).await;
                    }
                    let reason = format!("this is not a request of HTTP/1.1: {error}\n");
                    refuse(connection, "400 Bad Request", &reason).await;
                }
                return;
            }
        }
    }
}

/// Has actix answer one request. Returns nothing when another may follow, and otherwise how the
/// connection has ended.
async fn answer<F>(
    connection: &Connection,
    mut dispatcher: Pin<&mut F>,
) -> Option<Result<(), DispatchError>>
where
    F: Future<Output = Result<(), DispatchError>>,
{
    poll_fn(|context| {
        loop {
            match dispatcher.as_mut().poll(context) {
                Poll::Ready(ended) => return Poll::Ready(Some(ended)),
                Poll::Pending if connection.is_written() => return Poll::Ready(None),
                Poll::Pending if connection.take_readable() => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    })
    .await
}

/// Waits for the whole head of the next request, and returns how many bytes it has. `on_idle` is
/// called when the connection is not used for a while.
async fn next_head(connection: &Connection, on_idle: impl FnOnce()) -> Result<usize, End> {
    let received = |connection: &Connection| connection.received(<[u8]>::len);
    let receive = || poll_fn(|context| connection.poll_receive(context, MAX_HEAD_BYTES));
    if received(connection) == 0 {
        let keep = if connection.place.may_keep_buffers() { KEEP_BUFFERS } else { Duration::ZERO };
        let first = match timeout(keep, receive()).await {
            Ok(first) => first,
            Err(_) => {
                on_idle();
                connection.shrink();
                timeout(KEEP_ALIVE, receive()).await.map_err(|_| End::Closed)?
            }
        };
        if first? {
            return Err(End::Closed);
        }
    }
    let deadline = Instant::now() + HEAD_TIMEOUT;
    let mut held = 0;
    loop {
        if let Some(length) = connection.received(head::length) {
            connection.place.release();
            return Ok(length);
        }
        if received(connection) >= MAX_HEAD_BYTES {
            return Err(End::HeadTooLarge);
        }
        connection.place.hold(received(connection) - held);
        held = received(connection);
        match timeout_at(deadline, receive()).await {
            Ok(Ok(false)) => {}
            Ok(_) => return Err(End::Closed),
            Err(_) => return Err(End::HeadTooSlow),
        }
    }
}

/// Responds without actix, and closes the connection.
async fn refuse(connection: &Connection, status: &str, reason: &str) {
    let length = reason.len();
    let response = format!(
        "HTTP/1.1 {status}\r\nDate: {}\r\nContent-Type: text/plain\r\n\
         Content-Length: {length}\r\nConnection: close\r\n\r\n{reason}",
        date::now().to_str().unwrap_or_default()
    );
    // What does not fit into the kernel's buffer is for a client that reads nothing anyway.
    let _ = timeout(LINGER, poll_fn(|context| connection.poll_write(context, response.as_bytes())))
        .await;
    linger(connection).await;
}

/// Waits until the client has stopped sending; closing before would reset the connection, and what
/// was written to it with it.
async fn linger(connection: &Connection) {
    connection.place.wait();
    let closing = async {
        poll_fn(|context| connection.poll_shutdown(context)).await?;
        for _ in 0..MAX_DISCARDED {
            if poll_fn(|context| connection.poll_discard(context)).await? {
                break;
            }
        }
        io::Result::Ok(())
    };
    // Who has not stopped by then is reset.
    let _ = timeout(LINGER, closing).await;
}
