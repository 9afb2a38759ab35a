//! A DNS server of the tests' own, which fails on command (RFC 1035, section 4).

use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::thread::spawn;

use parking_lot::Mutex;

/// How the server answers for a name.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// With these addresses, another one first each time.
    Addresses(Vec<Ipv4Addr>),
    /// With these addresses by TCP alone, which is asked half a second later than UDP.
    Late(Vec<Ipv4Addr>),
    /// With an error (SERVFAIL).
    Failure,
    /// By refusing to answer this client (REFUSED).
    Refusal,
    /// Not at all.
    Silence,
}

/// A server on port 53 of the loopback, by UDP and by TCP; names that were not set do not exist
/// (NXDOMAIN).
#[derive(Clone)]
pub(crate) struct Dns(Arc<Mutex<Table>>);

#[derive(Default)]
struct Table {
    replies: HashMap<String, Reply>,
    /// Each question, such as `A tasks.ping by udp`.
    asked: Vec<String>,
}

/// Seconds an answer may be cached: as many as Docker says, to be ignored.
const TTL: u32 = 600;

/// Maximum size of an answer by UDP in bytes (RFC 1035, section 4.2.1).
const MAX_UDP_BYTES: usize = 512;

const TYPE_A: [u8; 2] = [0, 1];
const TYPE_AAAA: [u8; 2] = [0, 28];

/// The flag in the third byte of an answer that does not fit.
const TRUNCATED: u8 = 0x02;

impl Dns {
    pub(crate) fn start() -> Self {
        let udp = UdpSocket::bind("127.0.0.1:53").expect("a network of the test's own");
        let tcp = TcpListener::bind("127.0.0.1:53").expect("a network of the test's own");
        let dns = Self(Arc::default());
        let table = dns.clone();
        spawn(move || {
            let mut question = [0; MAX_UDP_BYTES];
            while let Ok((length, from)) = udp.recv_from(&mut question) {
                if let Some(mut answer) = table.answer(&question[..length], "udp") {
                    if answer.len() > MAX_UDP_BYTES {
                        answer.truncate(12);
                        answer[2] |= TRUNCATED;
                        // The question again, and no records.
                        answer.extend_from_slice(&question[12..length]);
                        answer[6..12].fill(0);
                    }
                    // The client may have given up.
                    let _ = udp.send_to(&answer, from);
                }
            }
        });
        let table = dns.clone();
        spawn(move || {
            for connection in tcp.incoming().flatten() {
                let table = table.clone();
                spawn(move || table.serve(connection));
            }
        });
        dns
    }

    /// Answers one question by TCP.
    fn serve(&self, mut connection: TcpStream) -> std::io::Result<()> {
        let mut length = [0; 2];
        connection.read_exact(&mut length)?;
        let mut question = vec![0; u16::from_be_bytes(length).into()];
        connection.read_exact(&mut question)?;
        if let Some(answer) = self.answer(&question, "tcp") {
            let length = u16::try_from(answer.len()).expect("it fits");
            connection.write_all(&[&length.to_be_bytes(), answer.as_slice()].concat())?;
        }
        // Silence is no end: the client hangs up.
        connection.read_exact(&mut length)
    }

    fn answer(&self, question: &[u8], by: &str) -> Option<Vec<u8>> {
        answer(question, by, &mut self.0.lock())
    }

    /// Returns the questions since the last call.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().asked)
    }

    /// Sets how the server answers for a name from now on.
    pub(crate) fn set(&self, name: &str, reply: Reply) {
        self.0.lock().replies.insert(name.to_owned(), reply);
    }

    /// Lists these addresses for a name from now on.
    pub(crate) fn list(&self, name: &str, addresses: &[&str]) {
        let address = |text: &&str| text.parse().expect("an address");
        self.set(name, Reply::Addresses(addresses.iter().map(address).collect()));
    }
}

/// Answers one question, if the server does.
fn answer(question: &[u8], by: &str, table: &mut Table) -> Option<Vec<u8>> {
    let (head, rest) = question.split_at_checked(12)?;
    let (name, after) = read_name(rest)?;
    let length = rest.len() - after.len() + 4;
    let kind: [u8; 2] = after.get(..2)?.try_into().ok()?;
    let is_a = kind == TYPE_A;
    let kind = match kind {
        TYPE_A => "A",
        TYPE_AAAA => "AAAA",
        _ => "other",
    };
    table.asked.push(format!("{kind} {name} by {by}"));
    let mut addresses = Vec::new();
    let code = match table.replies.get_mut(&name) {
        Some(Reply::Silence) => return None,
        Some(Reply::Late(_)) if by == "udp" => return None,
        Some(Reply::Failure) => 2,
        Some(Reply::Refusal) => 5,
        Some(Reply::Addresses(listed) | Reply::Late(listed)) => {
            if is_a {
                addresses.clone_from(listed);
                let shift = listed.len().min(1);
                listed.rotate_left(shift);
            }
            0
        }
        None => 3,
    };
    // The question's number; an answer, recursion asked for and available; the counts.
    let mut answer = vec![head[0], head[1], 0x81, 0x80 | code];
    let count = u16::try_from(addresses.len()).expect("some");
    for count in [1, count, 0, 0] {
        answer.extend_from_slice(&count.to_be_bytes());
    }
    answer.extend_from_slice(rest.get(..length)?);
    for address in addresses {
        // The name is where the question has it, at byte 12; type A, class IN.
        answer.extend_from_slice(&[0xc0, 12, 0, 1, 0, 1]);
        answer.extend_from_slice(&TTL.to_be_bytes());
        answer.extend_from_slice(&[0, 4]);
        answer.extend_from_slice(&address.octets());
    }
    Some(answer)
}

/// Reads labels up to the empty one; returns the name in lower case and what follows.
fn read_name(mut rest: &[u8]) -> Option<(String, &[u8])> {
    let mut labels = Vec::new();
    loop {
        let (&length, after) = rest.split_first()?;
        let (label, after) = after.split_at_checked(length.into())?;
        rest = after;
        if length == 0 {
            return Some((labels.join("."), rest));
        }
        labels.push(String::from_utf8_lossy(label).to_ascii_lowercase());
    }
}
