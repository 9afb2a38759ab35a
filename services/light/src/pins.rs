//! Pins of the header, as options name them.

use std::fmt;
use std::str::FromStr;

/// The highest BCM number on the 40-pin header.
const LAST: u8 = 27;

/// The pins on which the board looks for the memory of a HAT at boot (ID_SD and ID_SC).
const RESERVED: [u8; 2] = [0, 1];

/// The BCM numbers of pins on the header: no reserved one, and none twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pins<const N: usize>(pub(crate) [u8; N]);

/// The error returned when a text does not name the pins of a lamp.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPins {
    /// There are more or fewer than the lamp has.
    #[error("{given} pins where the lamp has {expected}, such as {example}")]
    Count {
        /// How many there are.
        given: usize,
        /// How many there should be.
        expected: usize,
        /// What would be right.
        example: &'static str,
    },
    /// One is not the number of a pin on the header.
    #[error("'{0}' is not the BCM number of a pin on the header, 2 to 27")]
    NotOnHeader(String),
    /// One belongs to the board.
    #[error("pin {0} is where the board looks for a HAT's memory; use 2 to 27")]
    Reserved(u8),
    /// One is there more than once.
    #[error("pin {0} is given twice")]
    Duplicate(u8),
}

impl<const N: usize> FromStr for Pins<N> {
    type Err = InvalidPins;

    fn from_str(text: &str) -> Result<Self, InvalidPins> {
        let mut pins: Vec<u8> = Vec::new();
        for pin in text.split(',').map(str::trim) {
            let number = pin.parse().ok().filter(|number| *number <= LAST);
            let number = number.ok_or_else(|| InvalidPins::NotOnHeader(pin.to_owned()))?;
            if RESERVED.contains(&number) {
                return Err(InvalidPins::Reserved(number));
            }
            if pins.contains(&number) {
                return Err(InvalidPins::Duplicate(number));
            }
            pins.push(number);
        }
        let example = if N == 3 { "2,3,4" } else { "23,24" };
        let count = |pins: Vec<u8>| InvalidPins::Count { given: pins.len(), expected: N, example };
        pins.try_into().map(Self).map_err(count)
    }
}

impl<const N: usize> fmt::Display for Pins<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pins: Vec<_> = self.0.iter().map(u8::to_string).collect();
        f.write_str(&pins.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_as_many_as_the_lamp_has_on_the_header_and_none_twice() {
        assert_eq!("2,3,4".parse(), Ok(Pins([2, 3, 4])));
        assert_eq!("23, 24".parse(), Ok(Pins([23, 24])));
        let refusal = |text: &str| text.parse::<Pins<3>>().expect_err("refused").to_string();
        for (text, reason) in [
            ("2,3", "2 pins where the lamp has 3, such as 2,3,4"),
            ("2,3,4,5", "4 pins where the lamp has 3, such as 2,3,4"),
            ("2,3,28", "'28' is not the BCM number of a pin on the header, 2 to 27"),
            ("2,3,red", "'red' is not the BCM number of a pin on the header, 2 to 27"),
            ("", "'' is not the BCM number of a pin on the header, 2 to 27"),
            ("1,2,3", "pin 1 is where the board looks for a HAT's memory; use 2 to 27"),
            ("9,10,9", "pin 9 is given twice"),
        ] {
            assert_eq!(refusal(text), reason);
        }
    }
}
