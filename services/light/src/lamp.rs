//! What every lamp can do.

use std::fmt::Debug;
use std::io;

use crate::scene::Scene;

/// Something that people see lit. When it is dropped, whatever ends it, it is dark or
/// as it was found.
pub trait Lamp: Send {
    /// Shows a scene; does nothing if it looks like the one before.
    ///
    /// # Errors
    ///
    /// That of the system, when the hardware refuses; the lamp is then to be dropped.
    fn show(&mut self, scene: &Scene) -> io::Result<()>;

    /// Returns what it is: its backend, chip, pins or names.
    fn name(&self) -> String;
}

/// A function that opens a lamp, and opens it again after it has failed.
pub type Opener = Box<dyn FnMut() -> Result<Box<dyn Lamp>, OpenError> + Send>;

/// The error returned when a lamp does not open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{backend}: {reason}")]
pub struct OpenError {
    /// The backend that was tried.
    pub backend: &'static str,
    /// What went wrong, and what to do.
    pub reason: String,
}

/// Makes an I/O error of a pin's own.
pub(crate) fn pin_error(error: impl Debug) -> io::Error {
    io::Error::other(format!("{error:?}"))
}
