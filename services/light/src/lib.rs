//! The light: follows every manager's feed and shows what happens on its own node.
//!
//! Green for a HIT by a player here, red for a MISS, yellow while the proxy here carries the rally;
//! a stroke a beat, so that the ball is seen to travel from node to node. It serves nothing but the
//! admin port.
//!
//! Start reading at `stage.rs`: what is shown, and when. `table.rs` is which rally, `scene.rs` what
//! a lamp is given, `lamps/` how each shows it, `keeper.rs` what happens when it cannot.

mod auto;
mod colour;
#[cfg(test)]
mod folder;
mod idle;
mod keeper;
mod lamp;
mod lamps;
mod options;
mod pins;
mod scene;
mod service;
mod stage;
mod table;
mod walk;

pub use auto::opener;
pub use colour::{Colour, NotAColour};
pub use idle::Idle;
pub use lamp::{Lamp, NoLamp, Opener, Way};
pub use lamps::simulated::Simulated;
pub use options::{LampOptions, Options};
pub use pins::{NotPins, Pins};
pub use scene::{Flash, Lights, Scene};
pub use service::run;
pub use walk::{Untested, test};
