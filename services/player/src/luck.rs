//! Where a player's luck comes from.

use std::sync::{Mutex, PoisonError};

use court::task::Task;
use rally::Outcome;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::HitChance;

/// Draws the outcomes of one task; every task has luck of its own.
#[derive(Debug)]
pub(crate) struct Luck(Mutex<StdRng>);

impl Luck {
    /// Takes luck from the system, or from a seed and the task's name: the same for the same task,
    /// another for every other.
    pub(crate) fn new(seed: Option<u64>, me: &Task) -> Self {
        // The clock would give all tasks that start in one second the same luck.
        Self(Mutex::new(seed.map_or_else(rand::make_rng, |seed| seeded(seed, me))))
    }

    /// Draws the outcome of the next stroke.
    pub(crate) fn draw(&self, chance: HitChance) -> Outcome {
        chance.draw(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Fills a generator's seed with the number and the task's name, 63 bytes folded into 24.
fn seeded(number: u64, me: &Task) -> StdRng {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    for (n, byte) in me.name.as_str().bytes().enumerate() {
        let at = &mut seed[8 + n % 24];
        *at = at.rotate_left(3) ^ byte;
    }
    StdRng::from_seed(seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strokes(seed: Option<u64>, task: &str) -> Vec<Outcome> {
        let luck = Luck::new(seed, &task.parse().expect("a task"));
        let chance = "50".parse().expect("a chance");
        (0..200).map(|_| luck.draw(chance)).collect()
    }

    #[test]
    fn a_seed_repeats_a_task_s_luck_and_gives_every_task_its_own() {
        assert_eq!(strokes(Some(1), "ping.1@a"), strokes(Some(1), "ping.1@b"));
        assert_ne!(strokes(Some(1), "ping.1@a"), strokes(Some(2), "ping.1@a"));
        assert_ne!(strokes(Some(1), "ping.1@a"), strokes(Some(1), "ping.2@a"));
        assert_ne!(strokes(Some(1), "ping.1@a"), strokes(Some(1), "pong.1@a"));
    }

    #[test]
    fn without_a_seed_two_tasks_started_at_once_have_different_luck() {
        assert_ne!(strokes(None, "ping.1@a"), strokes(None, "ping.1@a"));
    }
}
