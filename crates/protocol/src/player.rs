//! A player's answer as JSON.

use game::{Outcome, Side};
use serde::{Deserialize, Serialize};

use crate::task::Task;

/// A stroke as the player that played it describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlayerStroke {
    /// Its outcome.
    pub outcome: Outcome,
    /// The player's side.
    pub side: Side,
    /// The player and its node.
    #[serde(flatten)]
    pub player: Task,
}
