//! The counters of each manager instance, as it published them.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use game::Score;
use parking_lot::Mutex;
use protocol::event::ManagerScore;

use crate::docker_events::Event;
use crate::swarm::Engine;

/// The newest counters of every manager instance.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger(Arc<Mutex<Entries>>);

#[derive(Debug, Default)]
struct Entries {
    by_instance: HashMap<String, Entry>,
    scenario_started: Option<SystemTime>,
}

/// One manager instance.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) manager: String,
    pub(crate) node: &'static str,
    pub(crate) container: String,
    pub(crate) score: Score,
    /// Its log since the scenario started, once it has ended: Swarm soon removes its container.
    pub(crate) log: Option<String>,
}

impl Ledger {
    /// Starts a scenario; returns the current counters.
    pub(crate) fn start_scenario(&self, now: SystemTime) -> HashMap<String, Entry> {
        self.0.lock().scenario_started = Some(now);
        self.entries()
    }

    /// Records a manager's newest counters.
    pub(crate) fn record(&self, event: &Event, score: &ManagerScore) {
        let entry = Entry {
            manager: score.manager.to_string(),
            node: event.node,
            container: event.container.clone(),
            score: score.score,
            log: None,
        };
        self.0.lock().by_instance.insert(score.instance.to_string(), entry);
    }

    /// Keeps the log of a manager whose feed has ended.
    pub(crate) async fn close(&self, event: &Event) {
        let Some(started) = self.0.lock().scenario_started else { return };
        let log = Engine::of(event.node).log(&event.container, started, true).await;
        for entry in self.0.lock().by_instance.values_mut() {
            if entry.container == event.container {
                entry.log.clone_from(&log);
            }
        }
    }

    /// Returns the current counters by instance.
    pub(crate) fn entries(&self) -> HashMap<String, Entry> {
        self.0.lock().by_instance.clone()
    }
}
