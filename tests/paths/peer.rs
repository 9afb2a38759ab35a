//! A peer that answers knocks as no proxy does.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What it does with a knock.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Does {
    Answers,
    /// Answers those without a body, and nothing to the others.
    SwallowsLarge,
    /// Reads, and answers nothing.
    Hangs,
    /// Closes instead of answering.
    Closes,
}

/// Runs until it is dropped.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    does: Arc<AtomicU8>,
    task: JoinHandle<()>,
}

impl Peer {
    /// Starts one that answers honestly as node `pi9`.
    pub(crate) async fn start() -> Self {
        let row = r#"{"proxy":{"task":"proxy.9","node":"pi9"},"at":null,"pairs":[]}"#;
        Self::says(ok(row)).await
    }

    /// Starts one that answers everything with this.
    pub(crate) async fn says(answer: impl Into<Vec<u8>>) -> Self {
        let answer: Arc<[u8]> = answer.into().into();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let does = Arc::new(AtomicU8::new(Does::Answers as u8));
        let doing = Arc::clone(&does);
        let task = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve(connection, Arc::clone(&answer), Arc::clone(&doing)));
            }
        });
        Self { address, does, task }
    }

    pub(crate) fn does(&self, does: Does) {
        self.does.store(does as u8, Ordering::Relaxed);
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// An answer with this body.
pub(crate) fn ok(body: &str) -> String {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
}

async fn serve(mut connection: TcpStream, answer: Arc<[u8]>, does: Arc<AtomicU8>) {
    let mut request = Vec::new();
    let head = loop {
        if !matches!(connection.read_buf(&mut request).await, Ok(1..)) {
            return;
        }
        if let Some(end) = request.windows(4).position(|end| end == b"\r\n\r\n") {
            break String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
        }
    };
    let is_large = head.contains("content-length: ") && !head.contains("content-length: 0");
    let does = does.load(Ordering::Relaxed);
    if does == Does::Closes as u8 {
        return;
    }
    if does == Does::Hangs as u8 || does == Does::SwallowsLarge as u8 && is_large {
        // Until the other side gives up.
        while matches!(connection.read_buf(&mut request).await, Ok(1..)) {}
        return;
    }
    // Whoever knocks may have had enough.
    let _ = connection.write_all(&answer).await;
}
