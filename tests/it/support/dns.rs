//! A DNS server of the tests' own, which fails on command (RFC 1035, section 4).

use std::collections::HashMap;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;

use parking_lot::Mutex;

/// How the server answers for a name.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// With these addresses, another one first each time.
    Addresses(Vec<Ipv4Addr>),
    /// With an error (SERVFAIL).
    Failure,
    /// Not at all.
    Silence,
}

/// A server on port 53 of the loopback; names that were not set do not exist (NXDOMAIN).
pub(crate) struct Dns(Arc<Mutex<HashMap<String, Reply>>>);

/// Seconds an answer may be cached: as many as Docker says, to be ignored.
const TTL: u32 = 600;

const TYPE_A: [u8; 2] = [0, 1];

impl Dns {
    pub(crate) fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:53").expect("a network of the test's own");
        let names = Arc::<Mutex<HashMap<String, Reply>>>::default();
        let table = Arc::clone(&names);
        std::thread::spawn(move || {
            let mut question = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut question) {
                if let Some(answer) = answer(&question[..length], &mut table.lock()) {
                    // The client may have given up.
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        Self(names)
    }

    /// Sets how the server answers for a name from now on.
    pub(crate) fn set(&self, name: &str, reply: Reply) {
        self.0.lock().insert(name.to_owned(), reply);
    }

    /// Lists these addresses for a name from now on.
    pub(crate) fn list(&self, name: &str, addresses: &[&str]) {
        let address = |text: &&str| text.parse().expect("an address");
        self.set(name, Reply::Addresses(addresses.iter().map(address).collect()));
    }
}

/// Answers one question, if the server does.
fn answer(question: &[u8], names: &mut HashMap<String, Reply>) -> Option<Vec<u8>> {
    let (head, rest) = question.split_at_checked(12)?;
    let (name, after) = read_name(rest)?;
    let length = rest.len() - after.len() + 4;
    let is_a = after.get(..2)? == TYPE_A;
    let mut addresses = Vec::new();
    let code = match names.get_mut(&name) {
        Some(Reply::Silence) => return None,
        Some(Reply::Failure) => 2,
        Some(Reply::Addresses(listed)) => {
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
    let count = u16::try_from(addresses.len()).expect("a few");
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
