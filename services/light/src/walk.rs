//! The first thing that anyone with new wiring wants: red, yellow, green.

use std::io::Write;
use std::time::Duration;

use court::task::Task;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::auto::{first, one};
use crate::lamp::{Lamp, NoLamp, Way};
use crate::options::LampOptions;
use crate::scene::{Lights, Scene};

/// How long each light is on.
const EACH: Duration = Duration::from_secs(1);

/// Says why a lamp could not be tested.
#[derive(Debug, thiserror::Error)]
pub enum Untested {
    /// It did not open.
    #[error("no lamp: {0}")]
    NoLamp(#[from] NoLamp),
    /// No way led to one.
    #[error("no lamp found: see above why; --lamp tries one way alone")]
    Nothing,
    /// It failed.
    #[error("{0}: {1}")]
    Failed(String, std::io::Error),
}

/// Opens the lamp that `options` name, or the first that there is, lights red, yellow and green, one
/// after the other, and says so; dark at the end, or at `stop`.
///
/// # Errors
///
/// [`Untested`], when no lamp opens or it fails.
pub async fn test(
    options: &LampOptions,
    me: &Task,
    out: &mut impl Write,
    stop: CancellationToken,
) -> Result<(), Untested> {
    let lamp = match options.lamp.unwrap_or(Way::Auto) {
        Way::Auto => {
            let found = first(options, me, |no| drop(writeln!(out, "passed over: {no}")));
            found.ok_or(Untested::Nothing)?
        }
        way => one(way, options, me)?,
    };
    walk(lamp, out, stop).await
}

async fn walk(
    mut lamp: Box<dyn Lamp>,
    out: &mut impl Write,
    stop: CancellationToken,
) -> Result<(), Untested> {
    // Whoever does not read is looking at the lamp.
    let _ = writeln!(out, "on {}:", lamp.name());
    for (colour, idle) in
        [("red", Lights::RED), ("yellow", Lights::YELLOW), ("green", Lights::GREEN)]
    {
        let _ = writeln!(out, "  {colour}").and_then(|()| out.flush());
        let shown = lamp.show(&Scene { awake: true, idle, ..Scene::DARK });
        shown.map_err(|error| Untested::Failed(lamp.name(), error))?;
        if stop.run_until_cancelled(sleep(EACH)).await.is_none() {
            break;
        }
    }
    drop(lamp);
    let _ = writeln!(out, "  dark");
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::lamps::simulated::Simulated;

    #[tokio::test(start_paused = true)]
    async fn it_lights_red_yellow_green_and_ends_dark_saying_where() {
        let shown = Arc::new(Mutex::new(Vec::new()));
        let tell = {
            let shown = Arc::clone(&shown);
            move |lights| shown.lock().expect("whole").push(lights)
        };
        let lamp = Box::new(Simulated::new(tell));
        let mut out = Vec::new();
        walk(lamp, &mut out, CancellationToken::new()).await.expect("a simulation");
        let wanted = [Lights::RED, Lights::YELLOW, Lights::GREEN, Lights::DARK];
        assert_eq!(*shown.lock().expect("whole"), wanted);
        assert_eq!(
            String::from_utf8_lossy(&out),
            "on a simulation:\n  red\n  yellow\n  green\n  dark\n"
        );
    }
}
