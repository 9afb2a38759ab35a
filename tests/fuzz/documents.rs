//! What peers send as JSON, each with its kind before it: what is accepted is written so that it is read
//! as the same, is not much longer then, and has nothing in it that could do harm anywhere.

use protocol::event::Event;
use protocol::path::PathList;
use protocol::player::PlayerStroke;
use protocol::probe::{ProbeReport, ProbeReports};
use protocol::snapshot::Snapshot;
use protocol::sync::SyncPage;
use protocol::timeline::Timeline;
use protocol::whoami::WhoAmINow;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// How many times as long a document may be when it is written; lists then have the names of fields.
const MAX_GROWTH: usize = 16;

/// See [`Target::check`](crate::target::Target::check).
pub(crate) fn check(input: &[u8]) -> bool {
    let space = input.iter().position(|byte| *byte == b' ').unwrap_or(input.len());
    let (kind, json) = input.split_at(space);
    let written = match kind {
        b"whoami" => rewritten::<WhoAmINow>(json),
        b"player" => rewritten::<PlayerStroke>(json),
        b"probe" => rewritten::<ProbeReport>(json),
        b"probes" => rewritten::<ProbeReports>(json),
        b"sync" => rewritten::<SyncPage>(json),
        b"timeline" => rewritten::<Timeline>(json),
        b"paths" => rewritten::<PathList>(json),
        // Only the page reads it. It has texts of any kind, which the page escapes.
        b"snapshot" => return rewritten::<Snapshot>(json).is_some(),
        kind => event(&String::from_utf8_lossy(kind), &String::from_utf8_lossy(json)),
    };
    let is_harmless = |c: char| c.is_ascii_graphic() && !"<>&'`\\".contains(c);
    assert!(written.iter().all(|json| json.chars().all(is_harmless)), "{written:?}");
    written.is_some()
}

/// Returns a document as it is written, if it is accepted.
fn rewritten<T: Serialize + DeserializeOwned>(json: &[u8]) -> Option<String> {
    let document: T = serde_json::from_slice(json).ok()?;
    let written = serde_json::to_string(&document).expect("plain");
    assert!(written.len() <= MAX_GROWTH * json.len(), "{written}");
    let again: T = serde_json::from_str(&written).expect("as it was written");
    let [one, other] = [document, again].map(|it| serde_json::to_value(it).expect("plain"));
    assert!(is_same(&one, &other), "{one} {other}");
    Some(written)
}

/// Returns whether two values are the same; fractions may differ by what `serde_json` rounds, a bit or
/// two.
fn is_same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(k, v)| other.get(k).is_some_and(|other| is_same(v, other)))
        }
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        (Value::Number(number), _) if number.is_f64() => {
            let [one, other] = [one, other].map(|it| it.as_f64().unwrap_or(f64::NAN));
            (one - other).abs() <= one.abs() * 4.0 * f64::EPSILON
        }
        _ => one == other,
    }
}

/// Returns an event as it is written, if it is accepted.
fn event(kind: &str, json: &str) -> Option<String> {
    let event = Event::parse(kind, json).ok()??;
    let written = match &event {
        Event::Score(score) => serde_json::to_string(score),
        Event::Players(update) => serde_json::to_string(update),
        Event::Stroke(stroke) => serde_json::to_string(stroke),
        Event::Rally(result) => serde_json::to_string(result),
    };
    let written = written.expect("plain");
    assert!(written.len() <= MAX_GROWTH * json.len(), "{written}");
    let again = Event::parse(kind, &written).expect("as it was written");
    assert_eq!(again.as_ref(), Some(&event));
    Some(written)
}
