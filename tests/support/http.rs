//! HTTP as a strict client speaks it: every byte as the test says, and an answer cut short is an
//! error.

#![allow(dead_code, reason = "not every user of this file needs all of it")]

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long anything that must happen may take, on a machine however busy.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// An answer, whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// In the order they came, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    /// Returns a header's value, or nothing.
    pub(crate) fn header(&self, name: &str) -> &str {
        let mut named = self.headers.iter().filter(|(key, _)| key == name);
        named.next().map_or("", |(_, value)| value)
    }

    /// Returns the body's lines as JSON.
    pub(crate) fn lines(&self) -> Vec<serde_json::Value> {
        let read = |line| serde_json::from_str(line).expect("a line of JSON");
        self.body.lines().map(read).collect()
    }

    /// Returns the body as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).expect("JSON")
    }

    /// Tells whether the connection ends with this answer.
    pub(crate) fn closes(&self) -> bool {
        self.header("connection").eq_ignore_ascii_case("close")
    }
}

/// Asks once, on a connection of its own.
pub(crate) async fn get(address: SocketAddr, path: &str, headers: &[&str]) -> Answer {
    ask(address, "GET", path, headers).await.expect("a whole answer")
}

/// Asks once, on a connection of its own; an answer that is not whole is an error.
pub(crate) async fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[&str],
) -> Result<Answer> {
    let mut connection = Connection::open(address).await?;
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let request = format!("{method} {path} HTTP/1.1\r\nHost: test\r\n{headers}\r\n");
    connection.send(&request).await?;
    if method == "HEAD" { connection.head().await } else { connection.answer().await }
}

/// A connection that asks and is answered in turn.
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    left: Left,
}

/// Makes [`ErrorKind::ConnectionAborted`] of a connection that ended without a byte of an answer, to
/// tell it from one that was cut in the middle of one.
fn unheard(error: Error) -> Error {
    match error.kind() {
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => ErrorKind::ConnectionAborted.into(),
        _ => error,
    }
}

/// What is still to come of an answer's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Bytes(usize),
    Chunks,
    UntilClosed,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = timeout(PATIENCE, TcpStream::connect(address)).await?.map_err(unheard)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), left: Left::Bytes(0) })
    }

    /// Sends a request as it stands.
    pub(crate) async fn send(&mut self, request: &str) -> Result<()> {
        self.stream.write_all(request.as_bytes()).await.map_err(unheard)
    }

    /// Reads an answer to its end.
    pub(crate) async fn answer(&mut self) -> Result<Answer> {
        let mut answer = self.head().await?;
        while let Some(piece) = self.piece().await? {
            answer.body.push_str(&piece);
        }
        Ok(answer)
    }

    /// Reads an answer up to its body.
    pub(crate) async fn head(&mut self) -> Result<Answer> {
        if timeout(PATIENCE, self.stream.fill_buf()).await?.map_err(unheard)?.is_empty() {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        let first = self.line().await?;
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
        let mut answer =
            Answer { status: status.ok_or(ErrorKind::InvalidData)?, ..Answer::default() };
        loop {
            let line = self.line().await?;
            let Some((name, value)) = line.split_once(':') else { break };
            answer.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        self.left = match answer.header("content-length").parse() {
            Ok(length) => Left::Bytes(length),
            Err(_) if answer.header("transfer-encoding") == "chunked" => Left::Chunks,
            Err(_) => Left::UntilClosed,
        };
        Ok(answer)
    }

    /// Reads the next piece of the body as it comes; none at its end.
    pub(crate) async fn piece(&mut self) -> Result<Option<String>> {
        let piece = match self.left {
            Left::Bytes(0) => return Ok(None),
            Left::Bytes(length) => {
                self.left = Left::Bytes(0);
                self.bytes(length).await?
            }
            Left::Chunks => {
                let length = self.line().await?;
                let length = usize::from_str_radix(&length, 16);
                let piece = self.bytes(length.map_err(Error::other)?).await?;
                self.line().await?;
                if piece.is_empty() {
                    self.left = Left::Bytes(0);
                    return Ok(None);
                }
                piece
            }
            Left::UntilClosed => {
                let mut piece = String::new();
                timeout(PATIENCE, self.stream.read_to_string(&mut piece)).await??;
                self.left = Left::Bytes(0);
                piece
            }
        };
        Ok(Some(piece))
    }

    async fn bytes(&mut self, length: usize) -> Result<String> {
        let mut bytes = vec![0; length];
        timeout(PATIENCE, self.stream.read_exact(&mut bytes)).await??;
        String::from_utf8(bytes).map_err(Error::other)
    }

    /// Reads a line; the end of the connection is an error here.
    async fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        timeout(PATIENCE, self.stream.read_line(&mut line)).await??;
        match line.strip_suffix("\r\n") {
            Some(line) => Ok(line.to_owned()),
            None => Err(ErrorKind::UnexpectedEof.into()),
        }
    }
}
