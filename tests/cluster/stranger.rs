//! A peer of the test's own that does whatever the test says, byte by byte.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio_util::task::AbortOnDropHandle;

/// What a stranger does after its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Then {
    /// Reads the next request on the same connection.
    Stays,
    /// Ends the connection in good order.
    Closes,
    /// Ends it with a reset.
    Resets,
    /// Says nothing more and keeps the connection.
    Hangs,
}

/// A server that records every request and answers as it was told.
pub(crate) struct Stranger {
    pub(crate) address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
    _serving: AbortOnDropHandle<()>,
}

/// The pieces of an answer, each sent when the one before is.
pub(crate) type Pieces = mpsc::Receiver<Vec<u8>>;

impl Stranger {
    /// Answers every request with these bytes.
    pub(crate) async fn says(bytes: impl Into<Vec<u8>>, then: Then) -> Self {
        let bytes: Arc<[u8]> = bytes.into().into();
        Self::serve(move |_| (whole(&bytes), then)).await
    }

    /// Answers each request with what `answer` makes of it.
    pub(crate) async fn serve(
        answer: impl Fn(&str) -> (Pieces, Then) + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let heard = Arc::<Mutex<Vec<String>>>::default();
        let (answer, hearing) = (Arc::new(answer), Arc::clone(&heard));
        let serving = async move {
            // Ends every connection of its own with it.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((connection, _)) = listener.accept().await {
                let (answer, heard) = (Arc::clone(&answer), Arc::clone(&hearing));
                connections.spawn(async move { converse(connection, &*answer, &heard).await });
            }
        };
        let serving = AbortOnDropHandle::new(tokio::spawn(serving));
        Self { address, heard, _serving: serving }
    }

    /// Returns the head of every request so far.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("whole").clone()
    }
}

/// Makes pieces of what is there already.
pub(crate) fn whole(bytes: &[u8]) -> Pieces {
    let (sender, pieces) = mpsc::channel(1);
    sender.try_send(bytes.to_vec()).expect("room for one");
    pieces
}

async fn converse(
    mut connection: TcpStream,
    answer: &(impl Fn(&str) -> (Pieces, Then) + Sync),
    heard: &Mutex<Vec<String>>,
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
        let (mut pieces, then) = answer(&head);
        heard.lock().expect("whole").push(head);
        while let Some(piece) = pieces.recv().await {
            connection.write_all(&piece).await?;
        }
        match then {
            Then::Stays => {}
            Then::Closes => return connection.shutdown().await,
            Then::Resets => return connection.set_zero_linger(),
            Then::Hangs => std::future::pending().await,
        }
    }
}

/// An address that refuses every connection and stays nobody else's while this lives.
pub(crate) fn refuses() -> (SocketAddr, TcpSocket) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    (socket.local_addr().expect("bound"), socket)
}

/// An address that can be reached once, and refuses every connection from then on; it stays nobody
/// else's while this lives.
pub(crate) fn refuses_after_one() -> (SocketAddr, TcpSocket) {
    let [listening, holding] = [(); 2].map(|()| {
        let socket = TcpSocket::new_v4().expect("a socket");
        socket.set_reuseaddr(true).expect("an option");
        socket
    });
    listening.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let address = listening.local_addr().expect("bound");
    holding.bind(address).expect("shared while nobody listens");
    let listener = listening.listen(1).expect("a port");
    tokio::spawn(async move { listener.accept().await });
    (address, holding)
}

/// An address whose queue of connections is full, so that the kernel drops any further one: what a
/// machine without power looks like.
pub(crate) async fn never_accepts() -> (SocketAddr, (TcpListener, Vec<TcpStream>)) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind(([127, 0, 0, 1], 0).into()).expect("a free port");
    let listener = socket.listen(1).expect("a short queue");
    let address = listener.local_addr().expect("bound");
    let mut queue = Vec::new();
    let brief = Duration::from_millis(200);
    while let Ok(Ok(connection)) = tokio::time::timeout(brief, TcpStream::connect(address)).await {
        queue.push(connection);
    }
    (address, (listener, queue))
}

/// The same after it has been reached once more: a machine that lost its power.
pub(crate) async fn accepts_one_more() -> (SocketAddr, impl Sized) {
    let (address, full) = never_accepts().await;
    let one_less = full.0.accept().await.expect("a connection");
    (address, (full, one_less))
}

/// A player that answers HIT this often, and then resets every connection.
pub(crate) async fn hits(count: usize) -> Stranger {
    let left = Semaphore::new(count);
    Stranger::serve(move |_| match left.try_acquire() {
        Ok(stroke) => {
            stroke.forget();
            (whole(&ok("HIT")), Then::Stays)
        }
        Err(_) => (whole(b""), Then::Resets),
    })
    .await
}

/// An answer in good order.
pub(crate) fn ok(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into()
}
