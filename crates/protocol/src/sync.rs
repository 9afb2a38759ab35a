//! What scoreboards exchange: the counters of each manager instance, and what each has seen happen.
//!
//! `GET /sync?instance=ID&since=N&seen=M` answers with the counters that have changed since revision N
//! of scoreboard instance ID, what it has learned of the timeline since revision M, and the revisions to
//! ask from next. A scoreboard that is asked about
//! another instance's revisions starts from the beginning.

use game::Score;
use serde::{Deserialize, Serialize};

use crate::id::InstanceId;
use crate::timeline::Observation;

/// The query of `GET /sync`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncQuery {
    /// The scoreboard instance that the revision is of, if any.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub instance: Option<InstanceId>,
    /// The revision of the counters to start after.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub since: Option<u64>,
    /// The revision of the timeline to start after.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub seen: Option<u64>,
}

/// The answer to `GET /sync`: some of what has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SyncPage {
    /// The scoreboard instance that answers.
    pub instance: InstanceId,
    /// The revision of the counters to ask from next.
    pub revision: u64,
    /// The manager instances whose counters have changed.
    pub instances: Vec<(InstanceId, Score)>,
    /// The revision of the timeline to ask from next.
    pub seen: u64,
    /// What scoreboards have seen happen.
    pub observations: Vec<Observation>,
}
