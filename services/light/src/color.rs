//! Colors of LEDs that can show any.

use std::str::FromStr;

/// A color: the strength of red, green and blue, 0 to 255 each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Color {
    /// Red.
    pub red: u8,
    /// Green.
    pub green: u8,
    /// Blue.
    pub blue: u8,
}

/// The error returned when a text is not a color.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not red, green, blue, off or six hexadecimal digits, such as ff8000")]
pub struct InvalidColor(String);

impl Color {
    /// No light.
    pub const OFF: Self = Self::new(0, 0, 0);
    /// Red.
    pub const RED: Self = Self::new(255, 0, 0);
    /// Yellow, as LEDs mix it: their green is the stronger.
    pub const YELLOW: Self = Self::new(255, 160, 0);
    /// Green.
    pub const GREEN: Self = Self::new(0, 255, 0);
    /// Blue.
    pub const BLUE: Self = Self::new(0, 0, 255);

    const fn new(red: u8, green: u8, blue: u8) -> Self {
        Self { red, green, blue }
    }

    /// Returns the same color, this many times weaker.
    #[must_use]
    pub const fn dimmed(self, times: u8) -> Self {
        Self::new(self.red / times, self.green / times, self.blue / times)
    }

    /// Returns the stronger of both for each of red, green and blue.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self::new(self.red.max(other.red), self.green.max(other.green), self.blue.max(other.blue))
    }
}

impl FromStr for Color {
    type Err = InvalidColor;

    fn from_str(text: &str) -> Result<Self, InvalidColor> {
        Ok(match text {
            "off" => Self::OFF,
            "red" => Self::RED,
            "green" => Self::GREEN,
            "blue" => Self::BLUE,
            _ => {
                let digits = text.len() == 6 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
                let number = u32::from_str_radix(text, 16).ok().filter(|_| digits);
                let [_, red, green, blue] =
                    number.ok_or_else(|| InvalidColor(text.to_owned()))?.to_be_bytes();
                Self::new(red, green, blue)
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_color_is_a_name_or_six_digits_and_nothing_else() {
        assert_eq!("ff8000".parse(), Ok(Color { red: 255, green: 128, blue: 0 }));
        assert_eq!("blue".parse(), Ok(Color::BLUE));
        for text in ["", "pink", "#ff8000", "ff80", "ff80000", "+f8000", "ff800g", "ÿÿÿ"] {
            assert_eq!(text.parse::<Color>(), Err(InvalidColor(text.to_owned())));
        }
    }
}
