//! A peer of the test's own that answers as the test says, byte by byte.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::task::AbortOnDropHandle;

/// What a scripted peer does after its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AfterBytes {
    /// It reads the next request on the same connection.
    Stay,
    /// It closes the connection.
    Close,
    /// It resets the connection.
    Reset,
    /// It sends nothing more and keeps the connection.
    Hang,
}

/// A server that records every request and answers as it was scripted.
pub(crate) struct ScriptedPeer {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
    _serving: AbortOnDropHandle<()>,
}

/// The pieces of a response, each sent after the one before.
pub(crate) type Pieces = mpsc::Receiver<Vec<u8>>;

impl ScriptedPeer {
    /// Answers every request with these bytes.
    pub(crate) async fn sending(bytes: impl Into<Vec<u8>>, after: AfterBytes) -> Self {
        let bytes: Arc<[u8]> = bytes.into().into();
        Self::serve(move |_| (one_piece(&bytes), after)).await
    }

    /// Answers each request with what `respond` makes of its head.
    pub(crate) async fn serve(
        respond: impl Fn(&str) -> (Pieces, AfterBytes) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let recorded = Arc::clone(&requests);
        let respond = Arc::new(respond);
        let serving = async move {
            // The connections end with this future.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((connection, _)) = listener.accept().await {
                let respond = Arc::clone(&respond);
                let recorded = Arc::clone(&recorded);
                connections.spawn(async move { converse(connection, &*respond, &recorded).await });
            }
        };
        let serving = AbortOnDropHandle::new(tokio::spawn(serving));
        Self { address, requests, _serving: serving }
    }

    /// Returns the head of every request so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().clone()
    }
}

/// Makes one piece of these bytes.
pub(crate) fn one_piece(bytes: &[u8]) -> Pieces {
    let (sender, pieces) = mpsc::channel(1);
    sender.try_send(bytes.to_vec()).expect("room for one");
    pieces
}

async fn converse(
    mut connection: TcpStream,
    respond: &(impl Fn(&str) -> (Pieces, AfterBytes) + Sync),
    requests: &Mutex<Vec<String>>,
) -> io::Result<()> {
    let mut request = Vec::new();
    loop {
        let end = loop {
            if let Some(at) = request.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            if connection.read_buf(&mut request).await? == 0 {
                return Ok(());
            }
        };
        let head = String::from_utf8_lossy(&request.drain(..end).collect::<Vec<_>>()).into_owned();
        let (mut pieces, after) = respond(&head);
        requests.lock().push(head);
        while let Some(piece) = pieces.recv().await {
            connection.write_all(&piece).await?;
        }
        match after {
            AfterBytes::Stay => {}
            AfterBytes::Close => return connection.shutdown().await,
            AfterBytes::Reset => return connection.set_zero_linger(),
            AfterBytes::Hang => std::future::pending().await,
        }
    }
}

/// Returns an address that can be connected to once and refuses every connection from then on.
/// Nobody else gets it while the socket lives.
pub(crate) fn refuses_after_one() -> (SocketAddr, impl Sized) {
    let port = crate::support::ports::reserve();
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_reuseaddr(true).expect("an option");
    socket.bind(port.address).expect("shared while nobody listens");
    let listener = socket.listen(1).expect("a port");
    tokio::spawn(async move { listener.accept().await });
    (port.address, port)
}

/// Returns an address whose queue of connections is full, so that the kernel drops any further one,
/// as a machine without power does.
pub(crate) async fn never_accepts() -> (SocketAddr, (TcpListener, Vec<TcpStream>)) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    fill(socket.listen(1).expect("a short queue")).await
}

/// Fills the queue of a listener that accepts nothing.
pub(crate) async fn fill(listener: TcpListener) -> (SocketAddr, (TcpListener, Vec<TcpStream>)) {
    let address = listener.local_addr().expect("bound");
    let mut queue = Vec::new();
    let brief = Duration::from_millis(200);
    while let Ok(Ok(connection)) = tokio::time::timeout(brief, TcpStream::connect(address)).await {
        queue.push(connection);
    }
    (address, (listener, queue))
}

/// Does the same after one more connection: a machine that lost its power.
pub(crate) async fn accepts_one_more() -> (SocketAddr, impl Sized) {
    let (address, full) = never_accepts().await;
    let one_less = full.0.accept().await.expect("a connection");
    (address, (full, one_less))
}

/// Returns a player that answers HIT this often, and then resets every connection.
pub(crate) async fn hits(count: usize) -> ScriptedPeer {
    let left = Semaphore::new(count);
    ScriptedPeer::serve(move |_| match left.try_acquire() {
        Ok(stroke) => {
            stroke.forget();
            (one_piece(&ok("HIT")), AfterBytes::Stay)
        }
        Err(_) => (one_piece(b""), AfterBytes::Reset),
    })
    .await
}

/// Returns a valid response with this body.
pub(crate) fn ok(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into()
}
