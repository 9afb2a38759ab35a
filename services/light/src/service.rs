//! Starts a light.

use std::io;
use std::sync::Arc;

use court::admin::{Admin, WhoAmI};
use court::discovery::Discovery;
use court::event::Event;
use court::follow::{Seen, follow};
use court::metrics::Metrics;
use court::peers::Peers;
use court::serve::{Doors, serve};
use court::task::Task;
use prometheus_client::metrics::counter::Counter;
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::idle::Idle;
use crate::keeper::{Keeper, Trouble};
use crate::lamp::Opener;
use crate::scene::Scene;
use crate::stage::Stage;

/// Shows what the managers tell until `stop`; dark from then on, whatever else still ends.
///
/// # Errors
///
/// The system's, when the admin port cannot be served; and what kept the lamp from being switched
/// any longer, which is a fault of this program.
pub async fn run(
    managers: Peers,
    idle: Idle,
    open: Opener,
    me: Task,
    doors: Doors,
    workers: usize,
    stop: CancellationToken,
) -> io::Result<()> {
    let metrics = Metrics::new("light", &me, doors.release());
    let strokes = Counter::<u64>::default();
    let trouble = Trouble::default();
    metrics.register(|registry| {
        let help = "How often the lamp failed to open or to switch";
        registry.register("lamp_failures", help, trouble.failures.clone());
        let help = "Strokes the managers' feeds have told this light";
        registry.register("light_strokes", help, strokes.clone());
    });
    let lamp = trouble.clone();
    let help = "Whether the lamp works: 1 yes, 0 no";
    metrics.gauge("lamp_working", help, move || lamp.get().is_none().into());
    let keeper = Keeper::new(me.clone(), open, trouble.clone(), Instant::now());
    let stage = Stage::new(me.node.clone(), idle, Instant::now());
    let discovery = Discovery::by_system("light", &me, "manager", managers);
    let seen = follow(discovery, &metrics, stop.clone()).await;
    let showing = tokio::spawn(show(stage, keeper, strokes, seen));
    let showing = AbortOnDropHandle::new(showing);

    let ready = Arc::new(move || trouble.get().map_or(Ok(()), Err));
    let admin = Admin { whoami: WhoAmI::new("light", me), ready, metrics, stop: stop.clone() };
    let serving = serve(doors, admin, workers, |_| {});
    let shown = async {
        let shown = showing.await;
        // Without its lamp the service is of no use; with an error it is started anew.
        stop.cancel();
        shown.map_err(io::Error::other)
    };
    let (served, shown) = tokio::join!(serving, shown);
    served.and(shown)
}

/// Shows each scene as it comes, until nothing more can be seen of the managers.
async fn show(mut stage: Stage, mut keeper: Keeper, strokes: Counter, mut seen: Receiver<Seen>) {
    // Whatever was lit before is not to be taken for ours.
    keeper.show(&Scene::DARK, Instant::now());
    loop {
        let now = Instant::now();
        keeper.show(&stage.scene(now), now);
        let next = [stage.next_change(now), keeper.next_try()].into_iter().flatten().min();
        let changed = async {
            match next {
                Some(next) => sleep_until(next).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            told = seen.recv() => {
                // The keeper is dropped, and its lamp is dark.
                let Some(told) = told else { return };
                if matches!(told, Seen::Told(_, Event::Stroke(_))) {
                    strokes.inc();
                }
                stage.take(told, Instant::now());
            }
            () = changed => {}
        }
    }
}
