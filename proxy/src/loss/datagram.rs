//! The datagrams that measure loss. A request is counted where it arrives, and some are answered with
//! what was counted, as RTP's receiver reports do (RFC 3550, section 6.4.1).
//!
//! A request bears the key of the process that it is meant for, which only that process's answers to
//! probes tell. An answer repeats the random session of the request, which only who got that knows, and
//! is as long as the shortest request.

/// Length of an answer and of a small request in bytes; one that is longer is large.
pub const LENGTH: usize = 36;

const COUNTED: [u8; 4] = *b"pu1c";
const ANSWERED: [u8; 4] = *b"pu1a";
const ANSWER: [u8; 4] = *b"pu1r";

/// A datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Datagram {
    /// One that is counted.
    Request(Request),
    /// What was counted.
    Answer(Answer),
}

/// How many datagrams of each size were sent or received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those of [`LENGTH`].
    pub small: u32,
    /// Those that are longer.
    pub large: u32,
}

/// A datagram that is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Whether it is to be answered.
    pub wants_answer: bool,
    /// The key of the process that it is meant for.
    pub key: u64,
    /// A random number of its sender's for this path.
    pub session: u64,
    /// How many were sent before in this session.
    pub sent: Counts,
    /// When it was sent, in microseconds by its sender's clock, of which the differences count.
    pub sent_at: u32,
}

/// What was counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// That of the request.
    pub session: u64,
    /// That of the request.
    pub sent: Counts,
    /// How many had been received when the request was, without it.
    pub received: Counts,
    /// The interarrival jitter of the small ones, in microseconds.
    pub jitter: u32,
    /// A random number, which changes when the counts begin anew.
    pub epoch: u32,
}

impl Request {
    /// Returns the request in bytes, as many as it is to have.
    #[must_use]
    pub fn encode(&self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length.max(LENGTH));
        bytes.extend(if self.wants_answer { ANSWERED } else { COUNTED });
        bytes.extend(self.key.to_be_bytes());
        bytes.extend(self.session.to_be_bytes());
        bytes.extend(words([self.sent.small, self.sent.large, self.sent_at]));
        bytes.resize(length.max(LENGTH), 0);
        bytes
    }
}

impl Answer {
    /// Returns the answer in bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(LENGTH);
        bytes.extend(ANSWER);
        bytes.extend(self.session.to_be_bytes());
        let Self { sent, received, jitter, epoch, .. } = self;
        let numbers = [sent.small, sent.large, received.small, received.large, *jitter, *epoch];
        bytes.extend(words(numbers));
        bytes
    }
}

fn words<const N: usize>(numbers: [u32; N]) -> impl Iterator<Item = u8> {
    numbers.into_iter().flat_map(u32::to_be_bytes)
}

impl Datagram {
    /// Parses a datagram; none if it is not one of ours.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let words = bytes.first_chunk::<LENGTH>()?.as_chunks::<4>().0;
        let word = |n: usize| u32::from_be_bytes(words[n]);
        let long = |n: usize| u64::from(word(n)) << 32 | u64::from(word(n + 1));
        let counts = |n: usize| Counts { small: word(n), large: word(n + 1) };
        match words[0] {
            tag @ (COUNTED | ANSWERED) => Some(Self::Request(Request {
                wants_answer: tag == ANSWERED,
                key: long(1),
                session: long(3),
                sent: counts(5),
                sent_at: word(7),
            })),
            ANSWER if bytes.len() == LENGTH => Some(Self::Answer(Answer {
                session: long(1),
                sent: counts(3),
                received: counts(5),
                jitter: word(7),
                epoch: word(8),
            })),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_datagram_is_read_as_it_is_written_and_nothing_else_is() {
        let sent = Counts { small: 7, large: 1 };
        let request = Request { wants_answer: true, key: 1 << 40, session: 3, sent, sent_at: 9 };
        for length in [0, LENGTH, 1422] {
            let bytes = request.encode(length);
            assert_eq!(bytes.len(), length.max(LENGTH));
            assert_eq!(Datagram::parse(&bytes), Some(Datagram::Request(request)));
        }
        let received = Counts { small: 6, large: 0 };
        let answer = Answer { session: 3, sent, received, jitter: 250, epoch: 77 };
        let bytes = answer.encode();
        assert_eq!(bytes.len(), LENGTH);
        assert_eq!(Datagram::parse(&bytes), Some(Datagram::Answer(answer)));
        for other in
            [&bytes[..LENGTH - 1], b"", &[0; LENGTH], &[b"pu1r".as_slice(), &[0; 99]].concat()]
        {
            assert_eq!(Datagram::parse(other), None);
        }
    }
}
