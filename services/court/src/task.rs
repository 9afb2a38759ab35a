//! Who a service is: its task and the node it runs on.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The longest name accepted, in bytes: what one DNS label may have (RFC 1035, section 2.3.4).
const LONGEST: usize = 63;

/// Holds the name of a task or a node: 1 to 63 letters, digits, dots, hyphens and underscores.
///
/// Names come from the command line and from other tasks' answers; holding them to this alphabet
/// keeps them harmless in headers, logs, metrics and pages.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Arc<str>);

/// Says that a text is not a [`Name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to 63 letters, digits, '.', '-' or '_'")]
pub struct NotAName;

impl Name {
    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Makes a name of any text: what a name may not have becomes a hyphen, what is too long is cut.
    #[must_use]
    pub fn from_any(text: &str) -> Self {
        let lawful = |c: char| if is_lawful(c) { c } else { '-' };
        let name: String = text.chars().take(LONGEST).map(lawful).collect();
        Self(if name.is_empty() { "unnamed".into() } else { name.into() })
    }
}

const fn is_lawful(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')
}

impl FromStr for Name {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        let lawful = (1..=LONGEST).contains(&text.len()) && text.chars().all(is_lawful);
        if lawful { Ok(Self(text.into())) } else { Err(NotAName) }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for Name {
    type Error = NotAName;

    fn try_from(text: String) -> Result<Self, NotAName> {
        text.parse()
    }
}

impl From<Name> for String {
    fn from(name: Name) -> Self {
        name.as_str().to_owned()
    }
}

/// Names one running copy of a service and the machine it is on; written `ping.2@pi3`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Task {
    /// The task as Swarm names it, such as `ping.2`.
    #[serde(rename = "task")]
    pub name: Name,
    /// The machine it runs on.
    pub node: Name,
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.node)
    }
}

impl FromStr for Task {
    type Err = NotAName;

    fn from_str(text: &str) -> Result<Self, NotAName> {
        let (name, node) = text.split_once('@').ok_or(NotAName)?;
        Ok(Self { name: name.parse()?, node: node.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_task_is_read_as_it_is_written() {
        let task: Task = "ping.2@pi3".parse().expect("lawful");
        assert_eq!((task.name.as_str(), task.node.as_str()), ("ping.2", "pi3"));
        assert_eq!(task.to_string(), "ping.2@pi3");
    }

    #[test]
    fn what_could_do_harm_elsewhere_is_not_a_name() {
        let long = "x".repeat(64);
        for text in ["", "a b", "a\r\nb", "<script>", "a@b", "näme", "a\"b", long.as_str()] {
            assert_eq!(text.parse::<Name>(), Err(NotAName), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_made_a_name(text in ".*") {
            let name = Name::from_any(&text);
            prop_assert!(name.as_str().parse::<Name>().is_ok());
        }
    }
}
