//! The first thing that anyone with new wiring wants: red, yellow, green.

use std::io::Write;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::lamp::{NoLamp, Opener};
use crate::scene::{Lights, Scene};

/// How long each light is on.
const EACH: Duration = Duration::from_secs(1);

/// Says why a lamp could not be tested.
#[derive(Debug, thiserror::Error)]
pub enum Untested {
    /// It did not open.
    #[error("no lamp: {0}")]
    NoLamp(#[from] NoLamp),
    /// It failed.
    #[error("{0}: {1}")]
    Failed(String, std::io::Error),
}

/// Lights red, yellow and green, one after the other, and says so; dark at the end, or at `stop`.
///
/// # Errors
///
/// [`Untested`], when the lamp does not open or fails.
pub async fn walk(
    mut open: Opener,
    out: &mut impl Write,
    stop: CancellationToken,
) -> Result<(), Untested> {
    let mut lamp = open()?;
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
        let open: Opener = Box::new({
            let shown = Arc::clone(&shown);
            move || {
                let shown = Arc::clone(&shown);
                let tell = move |lights| shown.lock().expect("whole").push(lights);
                Ok(Box::new(Simulated::new(tell)))
            }
        });
        let mut out = Vec::new();
        walk(open, &mut out, CancellationToken::new()).await.expect("a simulation");
        let wanted = [Lights::RED, Lights::YELLOW, Lights::GREEN, Lights::DARK];
        assert_eq!(*shown.lock().expect("whole"), wanted);
        assert_eq!(
            String::from_utf8_lossy(&out),
            "on a simulation:\n  red\n  yellow\n  green\n  dark\n"
        );
    }

    #[tokio::test]
    async fn a_lamp_that_does_not_open_is_the_answer() {
        let no = NoLamp { way: "leds", reason: "none".to_owned() };
        let open: Opener = Box::new(move || Err(no.clone()));
        let untested = walk(open, &mut Vec::new(), CancellationToken::new()).await;
        assert_eq!(untested.expect_err("no lamp").to_string(), "no lamp: leds: none");
    }
}
