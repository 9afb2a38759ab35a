//! Names, nodes and tasks: what is accepted is written as it was read, is short, and has no character
//! that could do harm anywhere.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use protocol::headers::{format_server, parse_server};
use protocol::name::{Name, parse_shortened};
use protocol::node::{Node, NodeRef};
use protocol::task::Task;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Maximum length of a name in bytes.
const MAX_LENGTH: usize = 63;

/// See [`Target::check`](crate::target::Target::check).
pub(crate) fn check(input: &[u8]) -> bool {
    let text = &*String::from_utf8_lossy(input);
    let name = parsed::<Name>(text, MAX_LENGTH);
    let node = parsed::<Node>(text, 2 * MAX_LENGTH + 1);
    let task = parsed::<Task>(text, 3 * MAX_LENGTH + 2);
    for written in [&name, &node, &task].into_iter().flatten() {
        assert_eq!(written, text);
    }
    let end = parsed::<NodeRef>(text, 2 * MAX_LENGTH + 1);

    assert!(parsed::<Name>(Name::from_any(text).as_str(), MAX_LENGTH).is_some());
    if let Ok(shortened) = parse_shortened(text) {
        assert_eq!(
            parsed::<Name>(shortened.as_str(), MAX_LENGTH).as_deref(),
            Some(shortened.as_str())
        );
        assert!(name.is_none_or(|name| name == shortened.as_str()));
    }
    let release = parse_server(text);
    assert!(release.as_ref().is_none_or(|release| format_server(release) == text));
    end.is_some() || task.is_some() || release.is_some()
}

/// Returns a text as its type writes it, if that accepts it.
fn parsed<T>(text: &str, max_length: usize) -> Option<String>
where
    T: FromStr<Err: Debug> + Display + PartialEq + Debug + Serialize + DeserializeOwned,
{
    let value: T = text.parse().ok()?;
    let written = value.to_string();
    let is_harmless = |c: char| c.is_ascii_alphanumeric() || "._-/@:[]%".contains(c);
    assert!(written.len() <= max_length && written.chars().all(is_harmless), "{written:?}");
    assert_eq!(written.parse::<T>().expect("as it was written"), value);
    let json = serde_json::to_string(&value).expect("plain");
    assert_eq!(serde_json::from_str::<T>(&json).expect("as it was written"), value);
    Some(written)
}
