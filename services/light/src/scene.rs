//! What a lamp is to show at one moment.

use client::showcase::LIT;
use game::{Outcome, Side};

/// What happens on this node at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scene {
    /// Whether a manager is connected, or was until a moment ago; if not, a lamp stays dark.
    pub connected: bool,
    /// Whether this node's proxy carries the rally that is shown.
    pub proxying: bool,
    /// The stroke that a player on this node plays, if one does.
    pub flash: Option<Flash>,
    /// What is shown while nobody plays, if anything.
    pub idle: Lights,
}

/// A stroke that is being shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flash {
    /// The side that plays it.
    pub side: Side,
    /// Its outcome.
    pub outcome: Outcome,
    /// How far its beat is, in steps from 0 to 11.
    pub step: u32,
}

impl Flash {
    /// Returns whether it is still lit.
    #[must_use]
    pub const fn is_lit(self) -> bool {
        self.step < LIT
    }
}

/// The lights of a traffic light that are on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lights {
    /// A MISS.
    pub red: bool,
    /// This node's proxy carries the rally.
    pub yellow: bool,
    /// A HIT.
    pub green: bool,
}

impl Lights {
    /// All dark.
    pub const DARK: Self = Self { red: false, yellow: false, green: false };
    /// Red alone.
    pub const RED: Self = Self { red: true, ..Self::DARK };
    /// Yellow alone.
    pub const YELLOW: Self = Self { yellow: true, ..Self::DARK };
    /// Green alone.
    pub const GREEN: Self = Self { green: true, ..Self::DARK };

    /// Returns the lights in the order red, yellow, green.
    #[must_use]
    pub const fn in_order(self) -> [bool; 3] {
        [self.red, self.yellow, self.green]
    }
}

impl Scene {
    /// Nothing to be seen.
    pub const DARK: Self =
        Self { connected: false, proxying: false, flash: None, idle: Lights::DARK };

    /// Returns the outcome of the stroke that is lit now, if one is.
    #[must_use]
    pub fn outcome(&self) -> Option<Outcome> {
        self.flash.filter(|flash| self.connected && flash.is_lit()).map(|flash| flash.outcome)
    }

    /// Returns a traffic light's view of the scene.
    #[must_use]
    pub fn lights(&self) -> Lights {
        if !self.connected {
            return Lights::DARK;
        }
        let outcome = self.outcome();
        Lights {
            red: outcome == Some(Outcome::Miss) || self.idle.red,
            yellow: self.proxying || self.idle.yellow,
            green: outcome == Some(Outcome::Hit) || self.idle.green,
        }
    }
}
