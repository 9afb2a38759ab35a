//! Clients of all kinds, who stay until there is nobody left to ask, and accept no half answer.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use tokio::time::Instant;

use crate::game::assert_lawful;
use crate::http::{Answer, Connection};

/// So few that those in flight are soon over, on a machine however busy.
pub(crate) const ROUNDS: usize = 5;

const GET: &str = "GET / HTTP/1.1\r\nHost: test\r\n\r\n";

/// Counts a client's rallies, or what it was told instead.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) rallies: u32,
    pub(crate) refusals: u32,
}

impl Seen {
    fn note(&mut self, answer: &Answer) {
        match answer.status {
            200 => {
                assert_lawful(&answer.body, ROUNDS);
                self.rallies += 1;
            }
            503 => {
                assert_eq!(answer.header("retry-after"), "1", "{answer:?}");
                self.refusals += 1;
            }
            _ => panic!("{answer:?}"),
        }
    }
}

/// Asks again and again on one connection until the server says that it closes.
pub(crate) async fn keeps_alive(address: SocketAddr) -> Seen {
    let mut seen = Seen::default();
    let mut connection = Connection::open(address).await.expect("connected");
    loop {
        match ask(&mut connection).await {
            Ok(answer) => {
                seen.note(&answer);
                if answer.closes() {
                    return seen;
                }
            }
            // On a machine so busy that this client was silent for longer than the farewell, its
            // connection may close. It may ask anew (RFC 9112, section 9.3.1).
            Err(error) if seen.rallies > 0 && unheard(&error) => {
                return comes_anew(address, seen).await;
            }
            Err(error) => panic!("cut off: {error}"),
        }
    }
}

/// Opens a connection for each request until none is accepted any more.
pub(crate) async fn comes_anew(address: SocketAddr, mut seen: Seen) -> Seen {
    loop {
        match once(address).await {
            Ok(answer) => seen.note(&answer),
            Err(error) => {
                // The kernel takes connections in for a port and resets them when it closes. No
                // service knows of them, so this may be the very last one: after it, all refuse.
                assert!(unheard(&error), "cut off: {error}");
                let after = once(address).await.expect_err("closed for good");
                assert_eq!(after.kind(), ErrorKind::ConnectionRefused, "after {error}");
                return seen;
            }
        }
    }
}

async fn once(address: SocketAddr) -> io::Result<Answer> {
    ask(&mut Connection::open(address).await?).await
}

async fn ask(connection: &mut Connection) -> io::Result<Answer> {
    connection.send(GET).await?;
    connection.answer().await
}

/// Tells whether nothing of an answer came, and nobody was there to give one.
fn unheard(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionAborted | ErrorKind::ConnectionRefused)
}

/// Begins a slow rally.
pub(crate) async fn begins_slowly(address: SocketAddr) -> Connection {
    let mut connection = Connection::open(address).await.expect("connected");
    connection.send("GET /?pace=5s HTTP/1.1\r\nHost: test\r\n\r\n").await.expect("sent");
    assert_eq!(connection.head().await.expect("an answer").status, 200);
    connection
}

/// Follows a rally to its end, and tells when that was.
pub(crate) async fn is_patient(mut connection: Connection) -> (String, Instant) {
    let mut rally = String::new();
    while let Some(piece) = connection.piece().await.expect("not cut off") {
        rally += &piece;
    }
    (rally, Instant::now())
}
