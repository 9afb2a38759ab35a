//! Why probes fail.

use serde::{Deserialize, Serialize};

/// Why probes of a node get no valid answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProbeFailure {
    /// Its proxy answers, and discovery does not list it.
    NoDns,
    /// Discovery lists the address of a proxy that has stopped, or that answers at another one.
    StaleDns,
    /// Its proxy answered before; now discovery does not list it, and nobody hears it.
    Lost,
    /// Nobody listens at the address.
    Refused,
    /// There is no route to the address.
    Unreachable,
    /// Nothing comes back.
    Timeout,
    /// Connections are made, and then nothing comes back.
    NoAnswer,
    /// Connections are made, and then nothing comes back, though datagrams are answered meanwhile.
    NoData,
    /// Connections are closed or reset before the answer is complete.
    Reset,
    /// Small packets arrive, packets of the maximum size do not.
    LargePackets,
    /// Something answers that is not a proxy.
    WrongService,
    /// What comes back is not a proxy's answer.
    InvalidAnswer,
}

impl ProbeFailure {
    /// All failures.
    pub const ALL: [Self; 12] = [
        Self::NoDns,
        Self::StaleDns,
        Self::Lost,
        Self::Refused,
        Self::Unreachable,
        Self::Timeout,
        Self::NoAnswer,
        Self::NoData,
        Self::Reset,
        Self::LargePackets,
        Self::WrongService,
        Self::InvalidAnswer,
    ];

    /// Returns whether probes found it, and not DNS that disagrees with them.
    #[must_use]
    pub const fn is_of_network(self) -> bool {
        !matches!(self, Self::NoDns | Self::StaleDns | Self::Lost)
    }

    /// Returns the failure in one word, as JSON and metrics have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoDns => "no_dns",
            Self::StaleDns => "stale_dns",
            Self::Lost => "lost",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Timeout => "timeout",
            Self::NoAnswer => "no_answer",
            Self::NoData => "no_data",
            Self::Reset => "reset",
            Self::LargePackets => "large_packets",
            Self::WrongService => "wrong_service",
            Self::InvalidAnswer => "invalid_answer",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_has_the_same_name_in_json_and_metrics() {
        for failure in ProbeFailure::ALL {
            assert_eq!(serde_json::to_value(failure).expect("plain"), failure.name());
        }
    }
}
