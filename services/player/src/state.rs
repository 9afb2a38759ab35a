//! What a player needs to answer.

use game::{Outcome, Side};
use protocol::task::Task;
use server::start::Start;

use crate::chance::HitChance;
use crate::metrics::Metrics;
use crate::options::{ChanceOptions, Options};
use crate::random::RandomSource;

/// A player.
#[derive(Debug)]
pub(crate) struct Player {
    /// Its task and node.
    pub(crate) task: Task,
    /// The task and node as the header names them.
    pub(crate) name: String,
    /// The side it plays for.
    pub(crate) side: Side,
    hit_chance: HitChance,
    random: RandomSource,
    metrics: Metrics,
}

impl Player {
    /// Makes a player and registers its metrics.
    pub(crate) fn new(options: Options, start: &mut Start) -> Self {
        let Options { side, chance: ChanceOptions { hit_chance, seed } } = options;
        let task = start.identity().task.clone();
        Self {
            name: task.to_string(),
            side,
            hit_chance,
            random: RandomSource::new(seed, &task),
            metrics: Metrics::register(side, start.metrics()),
            task,
        }
    }

    /// Plays one stroke.
    pub(crate) fn play(&self) -> Outcome {
        let outcome = self.random.draw(self.hit_chance);
        self.metrics.count_stroke(outcome);
        outcome
    }
}
