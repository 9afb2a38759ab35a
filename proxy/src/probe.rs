//! One probe of another proxy.
//!
//! Each probe is a connection of its own, with HTTP written by hand, for four reasons. A reused
//! connection hides the faults that users run into: stale DNS entries, full conntrack tables, and a
//! bad link among several, since VXLAN chooses its port, and so the link, by connection (RFC 7348,
//! section 5). How far a probe got distinguishes a refused connection from a lost one and a reset
//! one, and the loss of large packets from the loss of all. Connecting is one round trip between two
//! kernels, so it measures the network and no busy process. And nothing of an earlier probe, such as
//! a backed-off retransmission, affects the next.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use client::fault::Fault;
use protocol::headers::TO;
use protocol::id::InstanceId;
use protocol::node::Node;
use protocol::probe::{ProbeFailure, ProbeReport};
use protocol::service::Service;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{Instant, timeout};

use crate::path_health::{ProbeOutcome, ProbeSize};
use crate::probe_answer::{self, MAX_ANSWER_BYTES};

/// How long connecting may take. The kernel tries a second time after 1 s (RFC 6298, section 2), so
/// that one lost packet makes a probe slow and not failed.
const CONNECT_TIMEOUT: Duration = Duration::from_millis(1200);

/// How long the answer may take then: several retransmissions, which begin after 0.2 s here.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(1);

/// The body of a large probe where the system does not say how much a packet takes, and the least
/// where it does: more than a packet of 1,500 bytes has room for.
const LARGE_BYTES: usize = 1_500;

/// The body of the largest probe: more than a jumbo packet takes, and less than the 64 KB of a
/// loopback's.
#[cfg(unix)]
const MAX_LARGE_BYTES: usize = 9_000;

/// How many more bytes a datagram takes that fills a packet as a full segment does: TCP's header has 20
/// bytes and, as Linux uses it, 12 for timestamps, UDP's has 8.
const DATAGRAM_EXTRA: usize = 24;

/// What came of one probe.
#[derive(Debug)]
pub(crate) struct ProbeResult {
    pub(crate) outcome: ProbeOutcome,
    /// What the other proxy answered, if it did.
    pub(crate) report: Option<ProbeReport>,
    /// The address this proxy connected from, if a connection came about.
    pub(crate) from: Option<SocketAddr>,
    /// The length of the largest datagram that is one packet there, if a connection came about.
    pub(crate) large_datagram: usize,
}

impl ProbeResult {
    const fn failed(outcome: ProbeOutcome, from: Option<SocketAddr>) -> Self {
        Self { outcome, report: None, from, large_datagram: 0 }
    }

    /// Returns whether a proxy on this node answered: this process, or one whose node has the same id.
    /// Where there is none, the same name may be another node's.
    pub(crate) fn is_from(&self, node: &Node, instance: &InstanceId) -> bool {
        self.report.as_ref().is_some_and(|report| {
            report.proxy.node == *node
                && (node.id.is_some() || report.instance.as_ref() == Some(instance))
        })
    }
}

/// Probes an address once, from an own one if it is given.
pub(crate) async fn probe(
    address: SocketAddr,
    size: ProbeSize,
    from: Option<IpAddr>,
) -> ProbeResult {
    let begun = Instant::now();
    let mut connection = match connect(address, from).await {
        Ok(connection) => connection,
        Err(error) => return ProbeResult::failed(ProbeOutcome::NotConnected(cause(&error)), None),
    };
    let rtt = begun.elapsed();
    let from = connection.local_addr().ok();
    let large_datagram = large_bytes(&connection) + DATAGRAM_EXTRA;
    let answer = timeout(ANSWER_TIMEOUT, exchange(&mut connection, address, size)).await;
    // So that the kernel forgets it: one that was answered takes two packets less, and of another one the
    // rest is not sent again for minutes; where this fails, it is.
    let _ = connection.set_zero_linger();
    match answer.unwrap_or(Err(ProbeFailure::NoAnswer)) {
        Ok(report) => {
            let outcome = ProbeOutcome::Answered(rtt);
            ProbeResult { outcome, report: Some(report), from, large_datagram }
        }
        Err(cause) => ProbeResult::failed(ProbeOutcome::NotAnswered(cause), from),
    }
}

/// Tells the proxy at an address that the one on this port stops; whether that arrives is unknown.
pub(crate) async fn say_goodbye(address: SocketAddr, from: Option<IpAddr>, port: u16) {
    let Ok(mut connection) = connect(address, from).await else { return };
    let answered = async {
        connection.write_all(&request(address, &format!("/leaving?port={port}"), 0)).await?;
        // Closing with something unread would reset the connection, perhaps before it is read.
        connection.take(MAX_ANSWER_BYTES as u64).read_to_end(&mut Vec::new()).await
    };
    let _ = timeout(ANSWER_TIMEOUT, answered).await;
}

/// Connects to an address, from an own one if it is given and of the same family.
pub(crate) async fn connect(address: SocketAddr, from: Option<IpAddr>) -> io::Result<TcpStream> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if let Some(from) = from.filter(|from| from.is_ipv4() == address.is_ipv4()) {
        socket.bind((from, 0).into())?;
    }
    let connecting = timeout(CONNECT_TIMEOUT, socket.connect(address)).await;
    connecting.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

async fn exchange(
    connection: &mut TcpStream,
    address: SocketAddr,
    size: ProbeSize,
) -> Result<ProbeReport, ProbeFailure> {
    let body = if size == ProbeSize::Large { large_bytes(connection) } else { 0 };
    let sent = connection.write_all(&request(address, "/probe", body)).await;
    sent.map_err(|error| cause(&error))?;
    let mut answer = Vec::new();
    let received = connection.take(MAX_ANSWER_BYTES as u64).read_to_end(&mut answer).await;
    received.map_err(|error| cause(&error))?;
    probe_answer::parse(&answer)
}

/// Returns a request, with a body of this many bytes, which have no meaning, if any.
pub(crate) fn request(address: SocketAddr, path: &str, body: usize) -> Vec<u8> {
    let (method, length) = match body {
        0 => ("GET", String::new()),
        _ => ("POST", format!("Content-Length: {body}\r\n")),
    };
    let mut request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\n{TO}: {}\r\n{length}Connection: close\r\n\r\n",
        Service::Proxy
    )
    .into_bytes();
    request.resize(request.len() + body, b'o');
    request
}

/// Returns how many bytes fill at least one packet of this connection, whatever its network's MTU.
#[cfg(unix)]
fn large_bytes(connection: &TcpStream) -> usize {
    let segment = socket2::SockRef::from(connection).tcp_mss().unwrap_or_default();
    usize::try_from(segment).unwrap_or_default().clamp(LARGE_BYTES, MAX_LARGE_BYTES)
}

#[cfg(not(unix))]
const fn large_bytes(_: &TcpStream) -> usize {
    LARGE_BYTES
}

/// Returns why a connection failed.
pub(crate) fn cause(error: &io::Error) -> ProbeFailure {
    Fault::from(error).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_request_exceeds_a_packet_and_declares_its_length() {
        let address = ([10, 0, 9, 4], 3001).into();
        let text = String::from_utf8(request(address, "/probe", 1500)).expect("text");
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        assert!(head.contains("Content-Length: 1500") && body.len() == 1500, "{head}");
        assert!(request(address, "/probe", 0).len() < 85);
    }
}
