//! Ids of rallies and of instances, validated when they are read.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::Name;

/// The id of a rally, unique in the cluster: its manager's instance and a number.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RallyId(Name);

impl RallyId {
    /// Returns the id of the n-th rally of a manager's instance.
    #[must_use]
    pub fn new(instance: &InstanceId, n: u64) -> Self {
        Self(Name::from_any(&format!("{instance}-{n}")))
    }

    /// Returns the id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for RallyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Name> for RallyId {
    fn from(name: Name) -> Self {
        Self(name)
    }
}

/// The random id of a process, so that counters reset by a restart are not mistaken for old ones.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct InstanceId(Name);

impl InstanceId {
    /// Returns the id that a random number makes.
    #[must_use]
    pub fn new(random: u32) -> Self {
        Self(Name::from_any(&format!("{random:08x}")))
    }
}

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl From<Name> for InstanceId {
    fn from(name: Name) -> Self {
        Self(name)
    }
}
