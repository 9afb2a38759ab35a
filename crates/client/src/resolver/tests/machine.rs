//! A machine whose DNS servers answer as the test says.

use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA};
use hickory_proto::rr::{RData, Record, RecordType};
use parking_lot::Mutex;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UdpSocket};
use tokio::time::Instant;

use crate::resolver::system::SystemResolver;
use crate::resolver::{LookupError, Resolve};

/// What a server answers.
#[derive(Clone, Debug)]
pub(super) enum Reply {
    Addresses(Vec<IpAddr>),
    Code(ResponseCode),
    Silence,
}

/// Maximum size of an answer by UDP in bytes (RFC 1035, section 4.2.1).
const MAX_UDP_BYTES: usize = 512;

type Behavior = dyn Fn(&str, RecordType, bool) -> Reply + Send + Sync;

/// A server at an address of its own; its questions, as `A name by udp`.
pub(super) struct Server(Arc<Mutex<Vec<String>>>);

impl Server {
    /// Starts a server that answers by name, type and whether it is asked by TCP.
    pub(super) async fn start(
        address: SocketAddr,
        behavior: impl Fn(&str, RecordType, bool) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let asked = Arc::<Mutex<Vec<String>>>::default();
        let behavior: Arc<Behavior> = Arc::new(behavior);
        let udp = UdpSocket::bind(address).await.expect("free");
        let tcp = TcpListener::bind(address).await.expect("free");
        let (log, answers) = (Arc::clone(&asked), Arc::clone(&behavior));
        tokio::spawn(async move {
            let mut packet = [0; MAX_UDP_BYTES];
            while let Ok((length, from)) = udp.recv_from(&mut packet).await {
                let Some(mut answer) = answer(&packet[..length], &*answers, &log, false) else {
                    continue;
                };
                // An answer to a question that nobody asked comes first.
                let mut other = answer.clone();
                other.metadata.id ^= 1;
                let _ = udp.send_to(&other.to_vec().expect("valid"), from).await;
                while answer.to_vec().expect("valid").len() > MAX_UDP_BYTES {
                    answer.metadata.truncation = true;
                    answer.answers.pop();
                }
                let _ = udp.send_to(&answer.to_vec().expect("valid"), from).await;
            }
        });
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            let mut silent = Vec::new();
            while let Ok((mut connection, _)) = tcp.accept().await {
                let length = connection.read_u16().await.expect("a length");
                let mut request = vec![0; length.into()];
                connection.read_exact(&mut request).await.expect("a request");
                if let Some(answer) = answer(&request, &*behavior, &log, true) {
                    let answer = answer.to_vec().expect("valid");
                    connection
                        .write_u16(answer.len().try_into().expect("fits"))
                        .await
                        .expect("sent");
                    connection.write_all(&answer).await.expect("sent");
                }
                // Silence is no end.
                silent.push(connection);
            }
        });
        Self(asked)
    }

    /// Returns the questions since the last call.
    pub(super) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock())
    }
}

fn answer(
    request: &[u8],
    behavior: &Behavior,
    log: &Mutex<Vec<String>>,
    tcp: bool,
) -> Option<Message> {
    let request = Message::from_vec(request).expect("a question");
    let question = request.queries[0].clone();
    let name = question.name().to_string();
    let by = if tcp { "tcp" } else { "udp" };
    log.lock().push(format!("{} {name} by {by}", question.query_type()));
    let mut answer = request.into_response();
    match behavior(&name, question.query_type(), tcp) {
        Reply::Silence => return None,
        Reply::Code(code) => answer.metadata.response_code = code,
        Reply::Addresses(addresses) => {
            let record = |ip| record(&question, ip);
            answer.add_answers(addresses.into_iter().map(record));
        }
    }
    Some(answer)
}

fn record(question: &Query, ip: IpAddr) -> Record {
    let data = match ip {
        IpAddr::V4(ip) => RData::A(A(ip)),
        IpAddr::V6(ip) => RData::AAAA(AAAA(ip)),
    };
    Record::from_rdata(question.name().clone(), 600, data)
}

/// The resolver of a machine with files of its own; its servers listen at `127.0.0.N:port`.
pub(super) struct Machine {
    folder: TempDir,
    port: u16,
    pub(super) resolver: SystemResolver,
}

impl Machine {
    /// Takes a port that is free at present.
    pub(super) async fn new() -> Self {
        let free = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = free.local_addr().expect("bound").port();
        let folder = tempfile::tempdir().expect("a folder");
        let [resolv_conf, hosts] = ["resolv.conf", "hosts"].map(|name| folder.path().join(name));
        let resolver = SystemResolver::new(&resolv_conf, &hosts, port);
        Self { folder, port, resolver }
    }

    pub(super) fn write(&self, file: &str, text: &str) {
        fs::write(self.folder.path().join(file), text).expect("written");
    }

    pub(super) fn server(&self, last: u8) -> SocketAddr {
        ([127, 0, 0, last], self.port).into()
    }

    /// Returns the addresses and how long it took to know them.
    pub(super) async fn look_up(&self, target: &str) -> (Result<usize, LookupError>, Duration) {
        let begun = Instant::now();
        let found = self.resolver.resolve(target).await;
        (found.map(|addresses| addresses.len()), begun.elapsed())
    }
}
