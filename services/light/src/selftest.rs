//! Trying the wiring: red, yellow, green.

use std::io::Write;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::lamp::{Lamp, OpenError};
use crate::options::{Backend, LampOptions};
use crate::scene::{Lights, Scene};

/// How long each light is on.
const LIGHT_TIME: Duration = Duration::from_secs(1);

/// The error returned when a lamp cannot be tested.
#[derive(Debug, thiserror::Error)]
pub enum SelfTestError {
    /// The lamp that was asked for did not open.
    #[error("no lamp: {0}")]
    Open(#[from] OpenError),
    /// No lamp opened.
    #[error("no LED backend available (reasons above); select one with --lamp")]
    NoBackend,
    /// The lamp failed.
    #[error("{0}: {1}")]
    Failed(String, std::io::Error),
}

/// Opens the lamp that the options name, or the first that there is, lights red, yellow and green in
/// turn, and prints which; dark at the end, or at shutdown.
///
/// # Errors
///
/// [`SelfTestError`], when no lamp opens or it fails.
pub async fn run(
    options: &LampOptions,
    out: &mut impl Write,
    shutdown: CancellationToken,
) -> Result<(), SelfTestError> {
    let lamp = match options.backend.unwrap_or_default() {
        Backend::Auto => Backend::open_first(options, |error| {
            let _ = writeln!(out, "backend unavailable: {error}");
        })
        .ok_or(SelfTestError::NoBackend)?,
        backend => backend.open(options)?,
    };
    cycle(lamp, out, shutdown).await
}

async fn cycle(
    mut lamp: Box<dyn Lamp>,
    out: &mut impl Write,
    shutdown: CancellationToken,
) -> Result<(), SelfTestError> {
    // Write errors are ignored: what counts is the lamp.
    let _ = writeln!(out, "on {}:", lamp.name());
    for (color, idle) in
        [("red", Lights::RED), ("yellow", Lights::YELLOW), ("green", Lights::GREEN)]
    {
        let _ = writeln!(out, "  {color}").and_then(|()| out.flush());
        let shown = lamp.show(&Scene { connected: true, idle, ..Scene::DARK });
        shown.map_err(|error| SelfTestError::Failed(lamp.name(), error))?;
        if shutdown.run_until_cancelled(sleep(LIGHT_TIME)).await.is_none() {
            break;
        }
    }
    drop(lamp);
    let _ = writeln!(out, "  dark");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use parking_lot::Mutex;

    use super::*;
    use crate::backends::simulated::Simulated;

    #[tokio::test(start_paused = true)]
    async fn selftest_cycles_the_colors_and_ends_dark() {
        let shown = Arc::new(Mutex::new(Vec::new()));
        let report = {
            let shown = Arc::clone(&shown);
            move |lights, _| shown.lock().push(lights)
        };
        let lamp = Box::new(Simulated::new(report));
        let mut out = Vec::new();
        cycle(lamp, &mut out, CancellationToken::new()).await.expect("a simulation");
        let expected = [Lights::RED, Lights::YELLOW, Lights::GREEN, Lights::DARK];
        assert_eq!(*shown.lock(), expected);
        assert_eq!(
            String::from_utf8_lossy(&out),
            "on a simulation:\n  red\n  yellow\n  green\n  dark\n"
        );
    }
}
