//! Starts a player.

use std::io;
use std::sync::Arc;

use actix_web::web;
use court::admin::{Admin, WhoAmI};
use court::metrics::Metrics;
use court::serve::{Doors, serve};
use court::task::Task;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use rally::Outcome;
use tokio_util::sync::CancellationToken;

use crate::luck::Luck;
use crate::{Options, routes};

/// Plays until `stop` is cancelled and every stroke asked for is answered.
///
/// # Errors
///
/// The system's, when the ports cannot be served.
pub async fn run(
    options: Options,
    me: Task,
    doors: Doors,
    workers: usize,
    stop: CancellationToken,
) -> io::Result<()> {
    let Options { side, luck } = options;
    let metrics = Metrics::new(side.name(), &me, doors.release());
    let strokes = Family::<Played, Counter>::default();
    metrics.register(|registry| {
        registry.register("player_strokes", "Strokes this player has answered", strokes.clone());
    });
    let admin = Admin {
        whoami: WhoAmI::new(side.name(), me.clone()),
        ready: Arc::new(|| Ok(())),
        metrics,
        stop,
    };
    let player = Player {
        luck: Luck::new(luck.seed, &me),
        counters: Outcome::BOTH.map(|outcome| {
            let outcome = outcome.name();
            strokes.get_or_create_owned(&Played { side: side.name(), outcome })
        }),
        name: me.to_string(),
        me,
        options,
    };
    let player = web::Data::new(player);
    serve(doors, admin, workers, move |config| {
        config.app_data(player.clone()).configure(routes::routes);
    })
    .await
}

/// Labels a stroke in the metrics.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Played {
    side: &'static str,
    outcome: &'static str,
}

/// Holds what a player needs to answer.
pub(crate) struct Player {
    pub(crate) me: Task,
    /// The task and node as the header names them.
    pub(crate) name: String,
    options: Options,
    luck: Luck,
    counters: [Counter; 2],
}

impl Player {
    /// Plays one stroke.
    pub(crate) fn play(&self) -> Outcome {
        let outcome = self.luck.draw(self.options.luck.hit_chance);
        self.counters[usize::from(outcome == Outcome::Miss)].inc();
        outcome
    }

    /// Returns the side it plays for.
    pub(crate) const fn side(&self) -> rally::Side {
        self.options.side
    }
}
