//! What a subscriber asks of a manager's feed.

/// What a subscriber wants of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All events, as scoreboards do: `/events`.
    Everything,
    /// `stroke` and `rally` alone, as lights do: `/events?rallies`.
    Rallies,
}

impl Wanted {
    /// Returns the query that asks for it.
    #[must_use]
    pub const fn query(self) -> Option<&'static str> {
        match self {
            Self::Everything => None,
            Self::Rallies => Some("rallies"),
        }
    }

    /// Returns what a query asks for; one that is unknown for everything.
    #[must_use]
    pub fn from_query(query: &str) -> Self {
        if Some(query) == Self::Rallies.query() { Self::Rallies } else { Self::Everything }
    }

    /// Returns whether events of a kind are wanted.
    #[must_use]
    pub fn includes(self, kind: &str) -> bool {
        self == Self::Everything || matches!(kind, "stroke" | "rally")
    }
}
