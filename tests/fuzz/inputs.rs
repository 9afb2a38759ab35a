//! Inputs: a few random bytes, or one of the corpus with some changes.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::corpus::Seed;

/// Maximum length of an input in bytes; more than the largest event, head or answer.
const MAX_LENGTH: usize = 20 * 1024;

/// What parsers trip over, beside numbers and bytes that are no UTF-8.
const NASTY: [&str; 24] = [
    "\0", "\t", "\n", "\r", "\r\n", "\n\n", "\u{1b}", "\u{7f}", "\u{feff}", "\u{2028}", "é", "🏓",
    " ", ":", ",", "/", "@", "\\", "\"", "\\u0000", "\\ud800", "<b>", "[", "{",
];

/// A change of an input.
#[derive(Clone, Debug)]
enum Change {
    /// Puts something in the place of so many bytes.
    Replace(usize, Vec<u8>),
    /// Repeats so many bytes so many times.
    Repeat(usize, usize),
}

/// Returns what makes inputs of a corpus.
pub(crate) fn strategy(corpus: &[Seed]) -> impl Strategy<Value = Vec<u8>> + use<> {
    let seeds: Vec<Vec<u8>> = corpus.iter().map(|seed| seed.input.clone()).collect();
    let seed = select(seeds);
    let part = (seed.clone(), any::<Index>(), 1..60_usize).prop_map(|(seed, at, length)| {
        let at = at.index(seed.len() + 1);
        seed[at..seed.len().min(at + length)].to_vec()
    });
    let nasty = select(NASTY.as_slice()).prop_map(|text| text.as_bytes().to_vec());
    let number = (0..100_u32, -1..=1_i128).prop_map(|(bits, more)| {
        let number = (1_i128 << bits) + more;
        number.to_string().into_bytes()
    });
    let with = prop_oneof![nasty, number, vec(any::<u8>(), 0..4), part];
    let change = prop_oneof![
        9 => (0..8_usize, with).prop_map(|(length, with)| Change::Replace(length, with)),
        1 => (1..60_usize, 2..2000_usize).prop_map(|(length, times)| Change::Repeat(length, times)),
    ];
    let changes = vec((any::<Index>(), change), 0..5);
    prop_oneof![
        1 => vec(any::<u8>(), 0..100),
        9 => (seed, changes).prop_map(|(seed, changes)| changes.iter().fold(seed, changed)),
    ]
}

fn changed(mut input: Vec<u8>, (at, change): &(Index, Change)) -> Vec<u8> {
    let at = at.index(input.len() + 1);
    let until = |length: usize| input.len().min(at + length);
    match change {
        Change::Replace(length, with) => {
            let until = until(*length);
            input.splice(at..until, with.iter().copied());
        }
        Change::Repeat(length, times) => {
            let part = &input[at..until(*length)];
            let times = (MAX_LENGTH / part.len().max(1)).min(*times);
            let repeated = part.repeat(times);
            input.splice(at..at, repeated);
        }
    }
    input.truncate(MAX_LENGTH);
    input
}
