//! One question, asked of the servers until one answers it.
//!
//! A server that is silent is not waited for before the next attempt, and its answer still counts
//! when it is late: attempts run side by side until the first answer. UDP is tried before TCP, which
//! also carries what does not fit into a packet, and works where UDP is lost.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hickory_proto::op::{Message, MessageType, Query, ResponseCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, sleep_until};

use super::{LookupCause, LookupError};

/// How long an attempt is alone before the next one begins.
const ATTEMPT_PAUSE: Duration = Duration::from_millis(250);

/// Maximum size of an answer by UDP in bytes; without EDNS, servers keep to 512.
const MAX_UDP_BYTES: usize = 4096;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Transport {
    Udp,
    Tcp,
}

/// Asks the servers in turn until one knows; none at all is an answer too. The server that knew is
/// the first from then on.
pub(super) async fn ask(
    servers: &mut [SocketAddr],
    question: &Query,
    deadline: Instant,
) -> Result<Vec<IpAddr>, LookupError> {
    let mut failure = LookupError { cause: LookupCause::Timeout, server: servers.first().copied() };
    let mut attempts = attempts(servers);
    let mut running = FuturesUnordered::new();
    let mut next = Instant::now();
    loop {
        tokio::select! {
            Some((server, answer)) = running.next() => {
                let knows = matches!(answer, Ok(_) | Err(LookupCause::NoSuchName));
                if let Some(at) = servers.iter().position(|other| *other == server && knows) {
                    servers[..=at].rotate_right(1);
                }
                let cause = match answer {
                    Ok(addresses) => return Ok(addresses),
                    Err(cause) => cause,
                };
                failure = LookupError { cause, server: Some(server) };
                match cause {
                    LookupCause::NoSuchName => return Err(failure),
                    // It would say so again.
                    LookupCause::ServerFailure
                    | LookupCause::QueryRefused
                    | LookupCause::InvalidAnswer => attempts.retain(|(other, _)| *other != server),
                    _ => {}
                }
                if attempts.is_empty() && running.is_empty() {
                    return Err(failure);
                }
                next = Instant::now();
            }
            () = sleep_until(next), if !attempts.is_empty() => {
                if let Some((server, transport)) = attempts.pop_front() {
                    running.push(async move { (server, attempt(server, transport, question).await) });
                }
                next = Instant::now() + ATTEMPT_PAUSE;
            }
            () = sleep_until(deadline) => return Err(failure),
        }
    }
}

/// Returns whom to ask and how: each server by UDP, one alone a second time since a packet may be
/// lost, then each by TCP.
fn attempts(servers: &[SocketAddr]) -> VecDeque<(SocketAddr, Transport)> {
    let by = |transport| servers.iter().map(move |server| (*server, transport));
    let again = by(Transport::Udp).filter(|_| servers.len() == 1);
    by(Transport::Udp).chain(again).chain(by(Transport::Tcp)).collect()
}

async fn attempt(
    server: SocketAddr,
    transport: Transport,
    question: &Query,
) -> Result<Vec<IpAddr>, LookupCause> {
    let mut message = Message::query();
    message.metadata.recursion_desired = true;
    message.add_query(question.clone());
    let request = message.to_vec().map_err(|_| LookupCause::InvalidAnswer)?;
    let is_answer = |other: &Message| {
        let (id, kind) = (other.metadata.id, other.metadata.message_type);
        id == message.metadata.id
            && kind == MessageType::Response
            && other.queries == message.queries
    };
    if transport == Transport::Udp {
        let part = by_udp(server, &request, is_answer).await?;
        if !part.metadata.truncation {
            return addresses(&part);
        }
        // A part is better than nothing where the server has no TCP.
        let whole = by_tcp(server, &request, is_answer).await.and_then(|whole| addresses(&whole));
        return whole.or_else(|cause| {
            addresses(&part).and_then(|some| if some.is_empty() { Err(cause) } else { Ok(some) })
        });
    }
    addresses(&by_tcp(server, &request, is_answer).await?)
}

async fn by_udp(
    server: SocketAddr,
    request: &[u8],
    is_answer: impl Fn(&Message) -> bool,
) -> Result<Message, LookupCause> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    // A port of the kernel's choice, and a socket that takes packets of this server alone.
    let socket = UdpSocket::bind((any, 0)).await.map_err(cause)?;
    socket.connect(server).await.map_err(cause)?;
    socket.send(request).await.map_err(cause)?;
    let mut packet = vec![0; MAX_UDP_BYTES];
    loop {
        let length = socket.recv(&mut packet).await.map_err(cause)?;
        // Anything else may be an answer to an earlier question, or forged.
        if let Some(answer) = Message::from_vec(&packet[..length]).ok().filter(&is_answer) {
            return Ok(answer);
        }
    }
}

async fn by_tcp(
    server: SocketAddr,
    request: &[u8],
    is_answer: impl Fn(&Message) -> bool,
) -> Result<Message, LookupCause> {
    let length = u16::try_from(request.len()).map_err(|_| LookupCause::InvalidAnswer)?;
    let mut connection = TcpStream::connect(server).await.map_err(cause)?;
    connection.write_all(&[&length.to_be_bytes(), request].concat()).await.map_err(cause)?;
    let length = connection.read_u16().await.map_err(cause)?;
    let mut answer = vec![0; length.into()];
    connection.read_exact(&mut answer).await.map_err(cause)?;
    let answer = Message::from_vec(&answer).ok().filter(is_answer);
    answer.ok_or(LookupCause::InvalidAnswer)
}

#[allow(clippy::needless_pass_by_value, reason = "for map_err")]
fn cause(error: io::Error) -> LookupCause {
    if error.kind() == io::ErrorKind::TimedOut {
        LookupCause::Timeout
    } else {
        LookupCause::Unreachable
    }
}

/// Returns the addresses of the kind that was asked for, also those of the name that an alias leads to.
fn addresses(answer: &Message) -> Result<Vec<IpAddr>, LookupCause> {
    match answer.metadata.response_code {
        ResponseCode::NoError => {}
        ResponseCode::NXDomain => return Err(LookupCause::NoSuchName),
        ResponseCode::ServFail => return Err(LookupCause::ServerFailure),
        ResponseCode::Refused => return Err(LookupCause::QueryRefused),
        _ => return Err(LookupCause::InvalidAnswer),
    }
    let kind = answer.queries.first().map(Query::query_type);
    let records = answer.answers.iter().filter(|record| Some(record.record_type()) == kind);
    Ok(records.filter_map(|record| record.data.ip_addr()).collect())
}
