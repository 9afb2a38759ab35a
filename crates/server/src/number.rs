//! Whole numbers as people write them, within limits.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// The error returned when a text is not a whole number within an option's limits.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a whole number from {0} to {1}")]
pub struct InvalidNumber(String, String);

/// Returns the parser of an option whose value is a number within `range`.
pub fn number<N: Copy + Display + FromStr + PartialOrd>(
    range: RangeInclusive<N>,
) -> impl Fn(&str) -> Result<N, InvalidNumber> + Clone {
    move |text| {
        let number = text.parse().ok().filter(|number| range.contains(number));
        number.ok_or_else(|| InvalidNumber(range.start().to_string(), range.end().to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_names_the_range() {
        let parse = number(1..=64_u8);
        assert_eq!((parse("1"), parse("64")), (Ok(1), Ok(64)));
        for text in ["0", "65", "300", "-1", "1.5", "abc", ""] {
            let refusal = parse(text).expect_err(text).to_string();
            assert_eq!(refusal, "not a whole number from 1 to 64");
        }
    }
}
