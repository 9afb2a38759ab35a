//! What may go wrong, for the person who started it.

use std::io;
use std::process::ExitCode;

use light::selftest::SelfTestError;
use server::listeners::BindError;

use crate::healthcheck::UnhealthyError;
use crate::open_files::TooFewOpenFiles;
use crate::paths::PathsError;

/// The error with which a command ends.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub enum AppError {
    /// A port could not be bound.
    Bind(#[from] BindError),
    /// A demo does not fit into one process.
    OpenFiles(#[from] TooFewOpenFiles),
    /// A service could not start or go on.
    Io(#[from] io::Error),
    /// The lamp could not be tested.
    SelfTest(#[from] SelfTestError),
    /// The service is not healthy.
    Unhealthy(#[from] UnhealthyError),
    /// The health of the paths is unknown.
    Paths(#[from] PathsError),
}

impl AppError {
    /// Returns the exit code: 3 for an unknown health of the paths, else 1.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Paths(_) => ExitCode::from(3),
            Self::Bind(_)
            | Self::OpenFiles(_)
            | Self::Io(_)
            | Self::SelfTest(_)
            | Self::Unhealthy(_) => ExitCode::FAILURE,
        }
    }
}
