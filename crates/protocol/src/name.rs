//! Names of tasks, nodes and releases.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// Maximum length of a name in bytes: that of a DNS label (RFC 1035, section 2.3.4).
const MAX_LENGTH: usize = 63;

/// The name of a task, a node or a release: 1 to 63 letters, digits, dots, hyphens and underscores.
///
/// Names come from the command line and from other tasks' answers; this alphabet keeps them harmless
/// in headers, logs, metrics and pages.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Name(Arc<str>);

/// The error returned when a text is not a [`Name`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to 63 letters, digits, '.', '-' or '_'")]
pub struct InvalidName;

impl Name {
    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Makes a name of any text: characters that a name may not have become hyphens, a text that is
    /// too long is cut.
    #[must_use]
    pub fn from_any(text: &str) -> Self {
        let replace = |c: char| if is_name_char(c) { c } else { '-' };
        let name: String = text.chars().take(MAX_LENGTH).map(replace).collect();
        Self(if name.is_empty() { "unnamed".into() } else { name.into() })
    }
}

/// Parses a text as a name; of one that is too long the middle is left out.
///
/// Names are composed of others: that of a Swarm task, `proxy.` and the node's host name, can be longer
/// than a name may be, since Linux has host names of 64 bytes. Both ends stay, since nodes that are
/// numbered differ there.
///
/// # Errors
///
/// [`InvalidName`], when the text is empty or has a character that a name may not have.
pub fn parse_shortened(text: &str) -> Result<Name, InvalidName> {
    const HALF: usize = MAX_LENGTH / 2;
    if text.len() <= MAX_LENGTH || !text.is_ascii() {
        return text.parse();
    }
    format!("{}-{}", &text[..HALF], &text[text.len() - HALF..]).parse()
}

/// Returns whether a name may have this character.
#[must_use]
pub const fn is_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')
}

impl FromStr for Name {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let valid = (1..=MAX_LENGTH).contains(&text.len()) && text.chars().all(is_name_char);
        if valid { Ok(Self(text.into())) } else { Err(InvalidName) }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Implements the conversions by which serde reads and writes types as text, as `FromStr` and `Display`
/// have it.
macro_rules! serialized_as_text {
    ($($type:ty),+) => {
        $(
            impl TryFrom<String> for $type {
                type Error = <Self as std::str::FromStr>::Err;

                fn try_from(text: String) -> Result<Self, Self::Error> {
                    text.parse()
                }
            }

            impl From<$type> for String {
                fn from(value: $type) -> Self {
                    value.to_string()
                }
            }
        )+
    };
}

pub(crate) use serialized_as_text;

serialized_as_text!(Name);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_could_do_harm_elsewhere_is_not_a_name() {
        let long = "x".repeat(64);
        for text in ["", "a b", "a\r\nb", "<script>", "a@b", "näme", "a\"b", long.as_str()] {
            assert_eq!(text.parse::<Name>(), Err(InvalidName), "{text:?}");
        }
    }

    #[test]
    fn of_a_name_that_is_too_long_both_ends_stay() {
        let long = |end| format!("proxy.{}{end}", "x".repeat(61));
        let [first, second] = [long("1"), long("2")].map(|text| parse_shortened(&text));
        let first = first.expect("a name");
        assert_eq!(first.as_str().len(), MAX_LENGTH);
        assert!(first.as_str().starts_with("proxy.x") && first.as_str().ends_with("x1"), "{first}");
        assert_ne!(Ok(first), second);
        assert_eq!(parse_shortened("pi1"), "pi1".parse());
        for text in [String::new(), format!("{}<", "x".repeat(70)), "ä".repeat(40)] {
            assert_eq!(parse_shortened(&text), Err(InvalidName), "{text:?}");
        }
    }
}
