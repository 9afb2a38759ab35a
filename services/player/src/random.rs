//! Where a player's outcomes are drawn from.

use game::Outcome;
use parking_lot::Mutex;
use protocol::task::Task;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::chance::HitChance;

/// The random source of one task; each task has its own.
#[derive(Debug)]
pub(crate) struct RandomSource(Mutex<StdRng>);

impl RandomSource {
    /// Seeds a source from the system, or from a number and the task's name, so that each task
    /// repeats its own outcomes and no other's.
    pub(crate) fn new(seed: Option<u64>, task: &Task) -> Self {
        // Seeded from the clock, all tasks that start in the same second would draw the same.
        Self(Mutex::new(seed.map_or_else(rand::make_rng, |seed| seeded(seed, task))))
    }

    /// Draws the outcome of the next stroke.
    pub(crate) fn draw(&self, chance: HitChance) -> Outcome {
        chance.draw(&mut *self.0.lock())
    }
}

/// Makes a generator from a number and the task's name, of which 63 bytes are folded into 24.
fn seeded(number: u64, task: &Task) -> StdRng {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&number.to_le_bytes());
    for (n, byte) in task.name.as_str().bytes().enumerate() {
        let at = &mut seed[8 + n % 24];
        *at = at.rotate_left(3) ^ byte;
    }
    StdRng::from_seed(seed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strokes(seed: Option<u64>, task: &str) -> Vec<Outcome> {
        let random = RandomSource::new(seed, &task.parse().expect("a task"));
        let chance = "50".parse().expect("a chance");
        (0..200).map(|_| random.draw(chance)).collect()
    }

    #[test]
    fn a_seed_repeats_the_outcomes_of_a_task_and_gives_each_task_its_own() {
        assert_eq!(strokes(Some(1), "ping.1@a"), strokes(Some(1), "ping.1@b"));
        assert_ne!(strokes(Some(1), "ping.1@a"), strokes(Some(2), "ping.1@a"));
        assert_ne!(strokes(Some(1), "ping.1@a"), strokes(Some(1), "ping.2@a"));
        assert_ne!(strokes(Some(1), "ping.1@a"), strokes(Some(1), "pong.1@a"));
    }

    #[test]
    fn without_a_seed_two_tasks_started_at_once_draw_different_outcomes() {
        assert_ne!(strokes(None, "ping.1@a"), strokes(None, "ping.1@a"));
    }
}
