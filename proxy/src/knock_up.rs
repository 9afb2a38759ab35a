//! The knock-up: practice before the match, and all the time. Each proxy knocks at those of the
//! other nodes and so measures every path between nodes, also those along which nobody plays.
//!
//! | module | what it is |
//! |---|---|
//! | `partners` | whom to knock at |
//! | `knock` | one knock: connecting, asking, what became of it |
//! | `pair` | what is known of the way to one node, and the verdict |
//! | `table` | all of that, and what the others have told |
//! | `measured` | the same for Prometheus |
//! | `routes` | the admin port: who is knocked at answers, and tells what it knows |

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use court::discovery::Discovery;
use court::metrics::Metrics;
use court::peers::Peers;
use court::roster::Roster;
use court::task::Task;
use tokio::time::{MissedTickBehavior, interval, sleep};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{info, warn};

#[cfg(test)]
mod crowd;
mod knock;
mod measured;
mod pair;
mod partners;
mod routes;
mod table;

use knock::{Knocked, knock};
use measured::Measured;
use pair::Outcome;
pub(crate) use routes::operators;
use table::{Change, Table};

/// The time between two looks at whom to knock at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Within what time of being found all nodes are knocked at for the first time.
const FIRST: Duration = Duration::from_millis(500);

/// Knocks at the other proxies, and keeps what comes of it.
pub(crate) struct KnockUp {
    table: Mutex<Table>,
    measured: Measured,
}

impl KnockUp {
    /// Begins to knock at all proxies that discovery finds, until `stop`.
    pub(crate) async fn start(
        me: &Task,
        admin: SocketAddr,
        proxies: Peers,
        metrics: &Metrics,
        stop: &CancellationToken,
    ) -> Arc<Self> {
        let table = Mutex::new(Table::new(me.clone(), admin));
        let knock_up = Arc::new(Self { table, measured: Measured::register(me, metrics) });
        let discovery = Discovery::by_system("proxy", me, "proxy", proxies);
        let roster = discovery.start(stop.clone()).await;
        metrics.roster("proxy", &roster);
        let follow = Arc::clone(&knock_up).follow(roster, stop.clone());
        tokio::spawn(stop.clone().run_until_cancelled_owned(follow));
        knock_up
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // Nothing that holds it can panic halfway through a change.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps one task running for each address there is to knock at.
    async fn follow(self: Arc<Self>, roster: Arc<Roster>, stop: CancellationToken) {
        let mut beat = interval(LOOK_EVERY);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            beat.tick().await;
            let changes = self.table().listed(&roster.listed(), |address| {
                let knocking = Arc::clone(&self).keep_knocking(address);
                let knocking = stop.clone().run_until_cancelled_owned(knocking);
                Some(AbortOnDropHandle::new(tokio::spawn(knocking)))
            });
            self.tell(changes);
        }
    }

    async fn keep_knocking(self: Arc<Self>, address: SocketAddr) {
        sleep(FIRST.mul_f64(rand::random())).await;
        loop {
            let Some(size) = self.table().next(address) else { return };
            let Knocked { outcome, row, from } = knock(address, size).await;
            let (to, pause, changes) = self.table().record(address, size, outcome, row, from);
            if let Some(to) = to {
                match outcome {
                    Outcome::Answered(time) => self.measured.answered(&to, time),
                    Outcome::Unreached(cause) | Outcome::Unanswered(cause) => {
                        self.measured.failed(&to, cause);
                    }
                }
            }
            self.tell(changes);
            sleep(pause.mul_f64(0.8 + 0.4 * rand::random::<f64>())).await;
        }
    }

    /// Logs and counts what has changed.
    fn tell(&self, changes: Vec<Change>) {
        for Change { to, now } in changes {
            let Task { name: task, node } = &self.measured.me;
            match now {
                Some(Some(cause)) => {
                    warn!(service = "proxy", %task, %node, %to, cause = cause.name(), "path broken");
                    self.measured.broken(&to, true);
                }
                Some(None) => {
                    info!(service = "proxy", %task, %node, %to, "path whole");
                    self.measured.broken(&to, false);
                }
                None => self.measured.forget(&to),
            }
        }
    }
}
