//! Clients of all kinds, which stay until nobody answers any more, and accept no partial response.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use tokio::time::Instant;

use super::game::assert_valid_rally;
use crate::support::http::{Connection, Response};

/// So few that the rallies in flight soon end, on a machine however busy.
pub(crate) const ROUNDS: usize = 5;

const GET: &str = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

/// The number of a client's rallies and refusals.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) rallies: u32,
    pub(crate) refusals: u32,
}

impl Seen {
    fn count(&mut self, response: &Response) {
        match response.status {
            200 => {
                assert_valid_rally(&response.body, ROUNDS);
                self.rallies += 1;
            }
            503 => {
                assert_eq!(response.header("retry-after"), "1", "{response:?}");
                self.refusals += 1;
            }
            _ => panic!("{response:?}"),
        }
    }
}

/// Sends requests on one connection until the server closes it.
pub(crate) async fn stays_connected(address: SocketAddr) -> Seen {
    let mut seen = Seen::default();
    let mut connection = Connection::open(address).await.expect("connected");
    loop {
        match ask(&mut connection).await {
            Ok(response) => {
                seen.count(&response);
                if response.closes() {
                    return seen;
                }
            }
            // On a machine so busy that this client was silent for longer than the drain, its
            // connection may close before it asks. It may ask again (RFC 9112, section 9.3.1).
            Err(error) if no_response(&error) => return reconnects(address, seen).await,
            Err(error) => panic!("cut off: {error}"),
        }
    }
}

/// Opens a connection for each request until none is accepted any more.
pub(crate) async fn reconnects(address: SocketAddr, mut seen: Seen) -> Seen {
    loop {
        match once(address).await {
            Ok(response) => seen.count(&response),
            Err(error) => {
                // The kernel accepts connections for a port and resets them when it closes. No
                // service knows of them, so this may be the very last one: after it, all refuse.
                assert!(no_response(&error), "cut off: {error}");
                let after = once(address).await.expect_err("closed for good");
                assert_eq!(after.kind(), ErrorKind::ConnectionRefused, "after {error}");
                return seen;
            }
        }
    }
}

async fn once(address: SocketAddr) -> io::Result<Response> {
    ask(&mut Connection::open(address).await?).await
}

async fn ask(connection: &mut Connection) -> io::Result<Response> {
    connection.send(GET).await?;
    connection.response().await
}

/// Returns whether nothing of a response came, because nobody was there to send one.
fn no_response(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionRefused)
}

/// Starts a slow rally.
pub(crate) async fn starts_slowly(address: SocketAddr) -> Connection {
    let mut connection = Connection::open(address).await.expect("connected");
    connection.send("GET /?pace=5s HTTP/1.1\r\nHost: test\r\n\r\n").await.expect("sent");
    assert_eq!(connection.head().await.expect("a response").status, 200);
    connection
}

/// Reads a rally to its end, and returns when that was.
pub(crate) async fn reads_to_end(mut connection: Connection) -> (String, Instant) {
    let mut rally = String::new();
    while let Some(piece) = connection.piece().await.expect("not cut off") {
        rally += &piece;
    }
    (rally, Instant::now())
}
