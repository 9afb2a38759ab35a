//! A peer of the test's own that answers as the test says, byte by byte.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio_util::task::AbortOnDropHandle;

use crate::support::peer::{answer_check, sign};
use crate::support::ports::{ReservedPort, reserve};

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
        if let Some(answer) = answer_check(&head) {
            connection.write_all(&answer).await?;
            return connection.shutdown().await;
        }
        let (mut pieces, after) = respond(&head);
        requests.lock().push(head.clone());
        while let Some(piece) = pieces.recv().await {
            connection.write_all(&sign(&head, &piece)).await?;
        }
        match after {
            AfterBytes::Stay => {}
            AfterBytes::Close => return connection.shutdown().await,
            AfterBytes::Reset => return connection.set_zero_linger(),
            AfterBytes::Hang => std::future::pending().await,
        }
    }
}

/// A peer that answers one check of discovery, and then is gone in its own way; its address is
/// nobody else's while it lives.
pub(crate) struct GonePeer {
    pub(crate) address: SocketAddr,
    gone: Arc<Notify>,
    _serving: AbortOnDropHandle<()>,
    _port: Option<ReservedPort>,
}

impl GonePeer {
    /// Refuses every connection after the check.
    pub(crate) fn refusing() -> Self {
        let port = reserve();
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("an option");
        socket.bind(port.address).expect("shared while nobody listens");
        let listener = socket.listen(1).expect("a port");
        Self::after_one_check(listener, async |listener| drop(listener), Some(port))
    }

    /// Has the kernel drop every connection after the check, as a machine without power does.
    pub(crate) fn without_power() -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
        let listener = socket.listen(1).expect("a short queue");
        Self::after_one_check(listener, fill, None)
    }

    fn after_one_check<T: Send + 'static, F: Future<Output = T> + Send>(
        listener: TcpListener,
        leave: impl FnOnce(TcpListener) -> F + Send + 'static,
        port: Option<ReservedPort>,
    ) -> Self {
        let address = listener.local_addr().expect("bound");
        let gone = Arc::<Notify>::default();
        let left = Arc::clone(&gone);
        let serving = tokio::spawn(async move {
            pass_one_check(&listener).await;
            let _kept = leave(listener).await;
            left.notify_one();
            std::future::pending::<()>().await;
        });
        Self { address, gone, _serving: AbortOnDropHandle::new(serving), _port: port }
    }

    /// Waits until it is gone.
    pub(crate) async fn gone(&self) {
        self.gone.notified().await;
    }
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

/// Accepts connections until one brings a check, and answers that.
async fn pass_one_check(listener: &TcpListener) {
    let mut request = [0; 1024];
    let (mut connection, length) = loop {
        let (mut connection, _) = listener.accept().await.expect("a connection");
        // Discovery connects before it asks.
        match connection.read(&mut request).await.expect("readable") {
            0 => {}
            length => break (connection, length),
        }
    };
    let request = String::from_utf8_lossy(&request[..length]);
    let answer = answer_check(&request).expect("a check");
    connection.write_all(&answer).await.expect("answered");
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
