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

/// What stands in a request's first line, and what it is answered with.
type Answers = Vec<(String, String)>;

/// Runs until it is dropped.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    does: Arc<AtomicU8>,
    task: JoinHandle<()>,
}

impl Peer {
    /// Starts one that answers honestly as a node.
    pub(crate) async fn start(node: &str) -> Self {
        let proxy = format!(r#"{{"task":"proxy.9","node":"{node}"}}"#);
        Self::says(ok(&format!(r#"{{"proxy":{proxy},"at":null,"pairs":[]}}"#))).await
    }

    /// Starts one that answers everything with this.
    pub(crate) async fn says(answer: impl AsRef<str>) -> Self {
        Self::serves(&[("", answer.as_ref())]).await
    }

    /// Starts one that answers requests with these in their first line with these.
    pub(crate) async fn serves(answers: &[(&str, &str)]) -> Self {
        let own = |(part, answer): &(&str, &str)| ((*part).to_owned(), (*answer).to_owned());
        let answers: Arc<Answers> = Arc::new(answers.iter().map(own).collect());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let does = Arc::new(AtomicU8::new(Does::Answers as u8));
        let doing = Arc::clone(&does);
        let task = tokio::spawn(async move {
            while let Ok((connection, _)) = listener.accept().await {
                tokio::spawn(serve(connection, Arc::clone(&answers), Arc::clone(&doing)));
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

async fn serve(mut connection: TcpStream, answers: Arc<Answers>, does: Arc<AtomicU8>) {
    let mut request = Vec::new();
    let (head, length): (usize, usize) = loop {
        if !matches!(connection.read_buf(&mut request).await, Ok(1..)) {
            return;
        }
        if let Some(end) = request.windows(4).position(|end| end == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&request[..end]).to_ascii_lowercase();
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
            break (end + 4, length.and_then(|length| length.parse().ok()).unwrap_or(0));
        }
    };
    let is_large = length > 0;
    let does = does.load(Ordering::Relaxed);
    if does == Does::Closes as u8 {
        return;
    }
    if does == Does::Hangs as u8 || does == Does::SwallowsLarge as u8 && is_large {
        // Until the other side gives up.
        while matches!(connection.read_buf(&mut request).await, Ok(1..)) {}
        return;
    }
    // Closing with something unread would reset the connection.
    while request.len() < head + length {
        if !matches!(connection.read_buf(&mut request).await, Ok(1..)) {
            return;
        }
    }
    let line = String::from_utf8_lossy(&request[..head]).lines().next().map(str::to_owned);
    let line = line.unwrap_or_default();
    let answer = answers.iter().find(|(part, _)| line.contains(part.as_str()));
    // Whoever knocks may have had enough.
    let _ = connection.write_all(answer.map_or("", |(_, text)| text).as_bytes()).await;
}
