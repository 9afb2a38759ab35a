//! HTTP as a strict client speaks it: every byte as the test says, and a response cut short is an
//! error.

use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;

use serde::de::DeserializeOwned;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::wait::TIMEOUT;

/// A complete response.
#[derive(Clone, Debug, Default)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// In the order they came, names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Response {
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
        self.parse()
    }

    /// Returns the body as what it is in JSON.
    pub(crate) fn parse<T: DeserializeOwned>(&self) -> T {
        let parsed = serde_json::from_str(&self.body);
        parsed.unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// Returns the body's last line and the lines before it as what they are in JSON.
    pub(crate) fn ndjson<L: DeserializeOwned, E: DeserializeOwned>(&self) -> (E, Vec<L>) {
        let mut lines: Vec<&str> = self.body.lines().collect();
        let end = lines.pop().expect("a last line");
        let lines = lines.into_iter().map(|line| serde_json::from_str(line).expect("a line"));
        (serde_json::from_str(end).expect("an end"), lines.collect())
    }

    /// Returns whether the connection ends with this response.
    pub(crate) fn closes(&self) -> bool {
        self.header("connection").eq_ignore_ascii_case("close")
    }
}

/// Sends one GET request on a connection of its own.
pub(crate) async fn get(address: SocketAddr, path: &str, headers: &[&str]) -> Response {
    ask(address, "GET", path, headers).await.expect("a complete response")
}

/// Sends one request on a connection of its own; an incomplete response is an error.
pub(crate) async fn ask(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[&str],
) -> Result<Response> {
    let mut connection = Connection::open(address).await?;
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let request = format!("{method} {path} HTTP/1.1\r\nHost: test\r\n{headers}\r\n");
    connection.send(&request).await?;
    if method == "HEAD" { connection.head().await } else { connection.response().await }
}

/// Sends bytes on a connection of their own and reads the response to them.
pub(crate) async fn send(address: SocketAddr, bytes: &str) -> Result<Response> {
    let mut connection = Connection::open(address).await?;
    connection.send(bytes).await?;
    connection.response().await
}

/// A connection with one request at a time, and the next one once a response has announced its end.
pub(crate) struct Connection {
    address: SocketAddr,
    stream: BufReader<TcpStream>,
    left: Left,
    closes: bool,
}

/// Makes [`ErrorKind::ConnectionAborted`] of a connection that ended without a byte of a response,
/// to distinguish it from one that was cut in the middle of one.
fn no_response(error: Error) -> Error {
    match error.kind() {
        ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => ErrorKind::ConnectionAborted.into(),
        _ => error,
    }
}

/// What is still to come of a response's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Left {
    Bytes(usize),
    Chunks,
    UntilClosed,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = timeout(TIMEOUT, TcpStream::connect(address)).await?.map_err(no_response)?;
        stream.set_nodelay(true)?;
        Ok(Self { address, stream: BufReader::new(stream), left: Left::Bytes(0), closes: false })
    }

    /// Sends a request as it stands.
    pub(crate) async fn send(&mut self, request: &str) -> Result<()> {
        if self.closes {
            *self = Self::open(self.address).await?;
        }
        self.stream.write_all(request.as_bytes()).await.map_err(no_response)
    }

    /// Reads a response to its end.
    pub(crate) async fn response(&mut self) -> Result<Response> {
        let mut response = self.head().await?;
        while let Some(piece) = self.piece().await? {
            response.body.push_str(&piece);
        }
        Ok(response)
    }

    /// Reads a response up to its body.
    pub(crate) async fn head(&mut self) -> Result<Response> {
        if timeout(TIMEOUT, self.stream.fill_buf()).await?.map_err(no_response)?.is_empty() {
            return Err(ErrorKind::ConnectionAborted.into());
        }
        let first = self.line().await?;
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
        let mut response =
            Response { status: status.ok_or(ErrorKind::InvalidData)?, ..Response::default() };
        loop {
            let line = self.line().await?;
            let Some((name, value)) = line.split_once(':') else { break };
            response.headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        self.left = match response.header("content-length").parse() {
            Ok(length) => Left::Bytes(length),
            Err(_) if response.header("transfer-encoding") == "chunked" => Left::Chunks,
            Err(_) => Left::UntilClosed,
        };
        self.closes = response.closes();
        Ok(response)
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
                timeout(TIMEOUT, self.stream.read_to_string(&mut piece)).await??;
                self.left = Left::Bytes(0);
                piece
            }
        };
        Ok(Some(piece))
    }

    async fn bytes(&mut self, length: usize) -> Result<String> {
        let mut bytes = vec![0; length];
        timeout(TIMEOUT, self.stream.read_exact(&mut bytes)).await??;
        String::from_utf8(bytes).map_err(Error::other)
    }

    /// Reads a line; the end of the connection is an error here.
    async fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        timeout(TIMEOUT, self.stream.read_line(&mut line)).await??;
        match line.strip_suffix("\r\n") {
            Some(line) => Ok(line.to_owned()),
            None => Err(ErrorKind::UnexpectedEof.into()),
        }
    }
}
