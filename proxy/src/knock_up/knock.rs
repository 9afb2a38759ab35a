//! One knock at another proxy.
//!
//! Each is a connection of its own, spoken by hand, for four reasons. What a new connection runs
//! into is what those run into who complain: a kept one outlives stale names and full tables, and
//! crosses the same one of several links for ever, since VXLAN chooses its port, and so the link,
//! by connection (RFC 7348, section 5). How far it got tells refused from lost from reset, and a
//! loss of large packets from a loss of all. Making a connection is one round trip between two
//! kernels, so it measures the network and no busy process. And nothing of an earlier knock, such as
//! a backed-off retransmission, is left in the next.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::Duration;

use court::knock::{Cause, Row};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

use super::pair::{Outcome, Size};

/// How long a connection may take. The kernel asks a second time after 1 s (RFC 6298, section 2), so
/// that one lost packet makes a knock slow and not failed.
const CONNECT: Duration = Duration::from_millis(1200);

/// How long the answer may take then: several retransmissions, which begin after 0.2 s here.
const ANSWER: Duration = Duration::from_secs(1);

/// The most bytes an answer has, headers and all; a proxy's own has less than 1,300.
const MOST: u64 = 8 * 1024;

/// The size of a large knock where the system does not tell how much a packet takes, and the least
/// where it does: more than a packet of 1,500 bytes has room for.
const LARGE: usize = 1_500;

/// The largest knock: more than a jumbo packet takes, and less than the 64 KB of a loopback's.
const LARGEST: usize = 9_000;

/// Tells what one knock came to.
pub(crate) struct Knocked {
    pub(crate) outcome: Outcome,
    /// What the other proxy said, if it did.
    pub(crate) row: Option<Row>,
    /// The address this one knocked from, if a connection came about.
    pub(crate) from: Option<SocketAddr>,
}

/// Knocks once.
pub(crate) async fn knock(address: SocketAddr, size: Size) -> Knocked {
    let begun = Instant::now();
    let mut connection = match timeout(CONNECT, TcpStream::connect(address)).await {
        Ok(Ok(connection)) => connection,
        Ok(Err(error)) => return failed(Outcome::Unreached(cause(&error))),
        Err(_) => return failed(Outcome::Unreached(Cause::Timeout)),
    };
    let took = begun.elapsed();
    let from = connection.local_addr().ok();
    let answer = timeout(ANSWER, exchange(&mut connection, address, size)).await;
    match answer.unwrap_or(Err(Cause::Timeout)) {
        Ok(row) => Knocked { outcome: Outcome::Answered(took), row: Some(row), from },
        Err(cause) => {
            // The kernel forgets it too, instead of sending the rest again for minutes; where it
            // will not, it does just that.
            let _ = connection.set_zero_linger();
            Knocked { from, ..failed(Outcome::Unanswered(cause)) }
        }
    }
}

const fn failed(outcome: Outcome) -> Knocked {
    Knocked { outcome, row: None, from: None }
}

async fn exchange(
    connection: &mut TcpStream,
    address: SocketAddr,
    size: Size,
) -> Result<Row, Cause> {
    let failed = |error: io::Error| cause(&error);
    let body = if size == Size::Large { large(connection) } else { 0 };
    connection.write_all(&request(address, body)).await.map_err(failed)?;
    let mut answer = Vec::new();
    connection.take(MOST).read_to_end(&mut answer).await.map_err(failed)?;
    read(&answer)
}

/// Writes a request, whose body is of no meaning.
pub(crate) fn request(address: SocketAddr, body: usize) -> Vec<u8> {
    let mut request = format!(
        "POST /knock HTTP/1.1\r\nHost: {address}\r\nContent-Length: {body}\r\nConnection: close\r\n\r\n"
    )
    .into_bytes();
    request.resize(request.len() + body, b'o');
    request
}

/// Returns how many bytes fill at least one packet of this connection, whatever its network's MTU.
#[cfg(unix)]
fn large(connection: &TcpStream) -> usize {
    let segment = socket2::SockRef::from(connection).tcp_mss().unwrap_or_default();
    usize::try_from(segment).unwrap_or_default().clamp(LARGE, LARGEST)
}

#[cfg(not(unix))]
const fn large(_: &TcpStream) -> usize {
    LARGE
}

/// Reads a whole answer, to the end of its connection.
fn read(answer: &[u8]) -> Result<Row, Cause> {
    let head = answer.windows(4).position(|end| end == b"\r\n\r\n");
    let (Some(head), true) = (head, answer.starts_with(b"HTTP/1.1 200 ")) else {
        let cut = b"HTTP/1.1 200 ".starts_with(&answer[..answer.len().min(13)]);
        return Err(if cut && head.is_none() { Cause::Reset } else { Cause::Answer });
    };
    let endless = answer.len() as u64 == MOST;
    serde_json::from_slice(&answer[head + 4..])
        .map_err(|error| if error.is_eof() && !endless { Cause::Reset } else { Cause::Answer })
}

fn cause(error: &io::Error) -> Cause {
    match error.kind() {
        ErrorKind::ConnectionRefused => Cause::Refused,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => Cause::Unreachable,
        ErrorKind::TimedOut => Cause::Timeout,
        _ => Cause::Reset,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ROW: &str = r#"{"proxy":{"task":"proxy.1","node":"pi1"},"at":null,"pairs":[]}"#;

    #[test]
    fn an_answer_is_a_row_or_cut_off_or_no_proxy_s() {
        let whole = format!("HTTP/1.1 200 OK\r\ncontent-length: 62\r\n\r\n{ROW}");
        assert_eq!(read(whole.as_bytes()).expect("a row").proxy.node.as_str(), "pi1");
        for cut in 0..whole.len() {
            assert_eq!(read(&whole.as_bytes()[..cut]), Err(Cause::Reset), "{cut}");
        }
        for other in [
            "SSH-2.0-OpenSSH_9.2\r\n",
            "HTTP/1.1 404 Not Found\r\n\r\nnothing here\n",
            "HTTP/1.1 200 OK\r\n\r\n<html>",
            "HTTP/1.1 200 OK\r\n\r\n{\"proxy\":7}",
        ] {
            assert_eq!(read(other.as_bytes()), Err(Cause::Answer), "{other}");
        }
    }

    #[test]
    fn a_large_request_is_more_than_a_packet_and_says_how_long_it_is() {
        let address = ([10, 0, 9, 4], 3001).into();
        let text = String::from_utf8(request(address, 1500)).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains("Content-Length: 1500") && body.len() == 1500, "{head}");
        assert!(request(address, 0).len() < 120);
    }

    proptest! {
        #[test]
        fn no_bytes_stop_it(answer in prop::collection::vec(any::<u8>(), 0..300)) {
            let _ = read(&answer);
            let _ = read(&[b"HTTP/1.1 200 OK\r\n\r\n", answer.as_slice()].concat());
        }
    }
}
