//! One check of a port at which proxies are reached: which node's proxy answers there.
//!
//! Each is a connection of its own, as clients make one, since a load balancer chooses by connection.

use std::net::SocketAddr;
use std::time::Duration;

use client::resolver::{Resolve, SystemResolver};
use protocol::headers::PROXY;
use protocol::node::Node;
use protocol::probe::ProbeFailure;
use protocol::target::Target;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::probe::{cause, connect};

/// How long the answer may take, once connected: a node under load is slow and not broken.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(3);

/// Maximum number of bytes of an answer that are read; a proxy's has less than 400.
const MAX_ANSWER_BYTES: u64 = 4096;

/// Asks who answers at a port; returns the node of the proxy that does.
///
/// # Errors
///
/// Why none does.
pub(crate) async fn check(port: &Target) -> Result<Node, ProbeFailure> {
    let addresses = SystemResolver::shared().resolve(port.as_str()).await;
    let address = addresses.ok().and_then(|addresses| addresses.first().copied());
    let address = address.ok_or(ProbeFailure::NoDns)?;
    let answer = timeout(ANSWER_TIMEOUT, ask(port, address)).await;
    parse(&answer.unwrap_or(Err(ProbeFailure::NoAnswer))?)
}

async fn ask(port: &Target, address: SocketAddr) -> Result<Vec<u8>, ProbeFailure> {
    let mut connection = connect(address, None).await.map_err(|error| cause(&error))?;
    // OPTIONS, since to answer GET a proxy asks a manager, and that is not what is checked.
    let request = format!("OPTIONS /healthz HTTP/1.1\r\nHost: {port}\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).await.map_err(|error| cause(&error))?;
    let mut answer = Vec::new();
    let received = connection.take(MAX_ANSWER_BYTES).read_to_end(&mut answer).await;
    received.map_err(|error| cause(&error))?;
    Ok(answer)
}

/// Returns the node that an answer names as that of the proxy which sent it.
///
/// # Errors
///
/// [`ProbeFailure::Reset`] if it ends too early, else [`ProbeFailure::WrongService`].
pub fn parse(answer: &[u8]) -> Result<Node, ProbeFailure> {
    let Some(head) = answer.windows(4).position(|end| end == b"\r\n\r\n") else {
        let cut_off = answer.is_empty() || answer.starts_with(b"HTTP/");
        return Err(if cut_off { ProbeFailure::Reset } else { ProbeFailure::WrongService });
    };
    let lines = answer[..head].split(|byte| *byte == b'\n').skip(1);
    let headers = lines.filter_map(|line| std::str::from_utf8(line).ok()?.split_once(':'));
    let mut proxies = headers.filter(|(name, _)| name.trim().eq_ignore_ascii_case(PROXY));
    let node = proxies.next().and_then(|(_, node)| node.trim().parse().ok());
    node.filter(|_| answer.starts_with(b"HTTP/")).ok_or(ProbeFailure::WrongService)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_names_the_node_of_its_proxy_whatever_its_status() {
        for answer in [
            "HTTP/1.1 204 No Content\r\nallow: GET, HEAD, OPTIONS\r\npong-proxy: pi3/2kq4\r\n\r\n",
            "HTTP/1.1 503 Service Unavailable\r\nPong-Proxy:pi3/2kq4\r\n\r\nno manager\n",
        ] {
            let node = parse(answer.as_bytes()).expect("a node");
            assert_eq!(node.to_string(), "pi3/2kq4");
            let head = answer.find("\r\n\r\n").expect("a head");
            for cut in [0, 5, 20, head + 3] {
                assert_eq!(parse(&answer.as_bytes()[..cut]), Err(ProbeFailure::Reset), "{cut}");
            }
        }
        for other in [
            "SSH-2.0-OpenSSH_9.2\r\n",
            "HTTP/1.1 200 OK\r\nserver: nginx\r\n\r\npong-proxy: pi3\r\n",
            "HTTP/1.1 200 OK\r\npong-proxy: <b>\r\n\r\n",
            "pong-proxy: pi3\r\npong-proxy: pi3\r\n\r\n",
        ] {
            assert_eq!(parse(other.as_bytes()), Err(ProbeFailure::WrongService), "{other}");
        }
    }
}
