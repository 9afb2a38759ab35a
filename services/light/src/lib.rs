//! The light: follows every manager's feed and shows what happens on its own node.
//!
//! Green for a HIT by a player here, red for a MISS, yellow while the proxy here carries the rally;
//! one stroke per beat, so that the ball is seen to travel from node to node. It serves nothing but
//! the admin port.
//!
//! | concept | module |
//! |---|---|
//! | what is shown, and when | `display`, `idle` |
//! | what a lamp is given to show | `scene` |
//! | what a lamp is, and how the one that was asked for is opened | `lamp`, `backend` |
//! | how each lamp shows a scene | `backends` |
//! | what happens when a lamp fails | `supervisor` |
//! | trying the wiring | [`selftest`] |

use std::io;

use client::targets::Targets;
use protocol::wanted::Wanted;
use server::start::Start;
use tokio::time::Instant;

mod backend;
mod backends;
mod color;
mod display;
mod idle;
mod lamp;
mod metrics;
mod options;
mod pins;
mod scene;
pub mod selftest;
mod state;
mod supervisor;

pub use backends::simulated::Simulated;
pub use color::{Color, InvalidColor};
pub use idle::Idle;
pub use lamp::{Lamp, OpenError, Opener};
pub use options::{Backend, LampOptions, Options};
pub use pins::{InvalidPins, Pins};
pub use scene::{Flash, Lights, Scene};

use display::Display;
use state::Light;
use supervisor::LampSupervisor;

/// Runs the light until shutdown, with the lamp that its options name.
///
/// # Errors
///
/// As [`Start::serve`].
pub async fn run(options: Options, start: Start) -> io::Result<()> {
    let Options { managers, lamp, .. } = options;
    let idle = lamp.idle;
    let opener = Box::new(move || lamp.backend.unwrap_or_default().open(&lamp));
    run_with(managers, idle, opener, start).await
}

/// Runs the light until shutdown, with a lamp of the caller's own.
///
/// # Errors
///
/// As [`Start::serve`].
pub async fn run_with(
    managers: Targets,
    idle: Idle,
    opener: Opener,
    mut start: Start,
) -> io::Result<()> {
    let light = Light::new(&mut start);
    let lamp = LampSupervisor::new(opener, light.clone(), Instant::now());
    let display = Display::new(start.identity().task.node.clone(), idle, Instant::now());
    let updates = start.subscribe(managers, Wanted::Rallies).await;
    start.spawn("display", display.run(lamp, updates, light.metrics.strokes_received.clone()));
    let lamp = light.lamp.clone();
    start.healthy(move || lamp.check_progress());
    start.ready(move || light.lamp.check());
    start.serve(|_| {}).await
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, SocketAddr};
    use std::time::Duration;

    use protocol::service::Service;
    use tokio::task::yield_now;
    use tokio::time::timeout;
    use tokio_util::sync::CancellationToken;

    use super::*;

    const TIMEOUT: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_background_task_that_dies_ends_the_service() {
        let nobody = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
        for task in ["display", "feeds", "discovery of 127.0.0.1:9"] {
            let who = "light.1@pi1".parse().expect("a task");
            let start = Start::local(Service::Light, who, nobody, CancellationToken::new());
            let start = start.expect("a free port");
            let tasks = start.tasks();
            let opener: Opener = Box::new(|| Ok(Box::new(Simulated::new(|_, _| {}))));
            let managers = Targets::from_iter([nobody]);
            let running = tokio::spawn(run_with(managers, Idle::Off, opener, start));
            let ended = async {
                while tasks.names().len() < 3 {
                    yield_now().await;
                }
                tasks.abort(task);
                running.await.expect("no panic").expect_err("it failed").to_string()
            };
            let error = timeout(TIMEOUT, ended).await.expect("in time");
            assert_eq!(error, format!("background task '{task}' was aborted"));
        }
    }
}
