//! The game itself: who plays, what a stroke is, when a rally ends and what it adds to the score.
//!
//! Nothing here does I/O, reads a clock or draws a random number, so every rule can be tested as a
//! property. The rules are those of the game this project continues: ping serves, the sides take
//! turns, the first MISS ends the rally for the other side, and a rally of 99 rounds without a
//! miss is a draw.

mod outcome;
mod rally;
mod score;
mod side;
mod verdict;

pub use outcome::{InvalidOutcome, Outcome};
pub use rally::{MAX_ROUNDS, Rally};
pub use score::Score;
pub use side::{InvalidSide, Side};
pub use verdict::Verdict;
