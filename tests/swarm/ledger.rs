//! What each life of a manager has counted, as it told itself.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use court::event::Counted;
use rally::Score;

use crate::swarm::Engine;
use crate::watch::Event;

/// The newest counters of every manager's life.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ledger(Arc<Mutex<Books>>);

#[derive(Debug, Default)]
struct Books {
    books: HashMap<String, Book>,
    begun: Option<SystemTime>,
}

/// One life of a manager.
#[derive(Clone, Debug)]
pub(crate) struct Book {
    pub(crate) manager: String,
    pub(crate) node: &'static str,
    pub(crate) container: String,
    pub(crate) score: Score,
    /// What it had logged since the scenario began, once it is over: Swarm soon removes its container.
    pub(crate) log: Option<String>,
}

impl Ledger {
    fn lock(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins a scenario; returns the counters as they are.
    pub(crate) fn begin(&self, now: SystemTime) -> HashMap<String, Book> {
        self.lock().begun = Some(now);
        self.books()
    }

    /// Takes a manager's newest counters.
    pub(crate) fn count(&self, event: &Event, counted: Counted) {
        let book = Book {
            manager: counted.manager.to_string(),
            node: event.node,
            container: event.container.clone(),
            score: counted.score,
            log: None,
        };
        self.lock().books.insert(counted.incarnation.into_owned(), book);
    }

    /// Keeps the log of a manager whose feed is over.
    pub(crate) async fn close(&self, event: &Event) {
        let Some(begun) = self.lock().begun else { return };
        let log = Engine::of(event.node).log(&event.container, begun, true).await;
        for book in self.lock().books.values_mut() {
            if book.container == event.container {
                book.log.clone_from(&log);
            }
        }
    }

    /// All counters as they are now, by incarnation.
    pub(crate) fn books(&self) -> HashMap<String, Book> {
        self.lock().books.clone()
    }
}

/// The rallies and strokes of a score, in one order: won by ping, won by pong, draws, lets,
/// abandoned; hits and misses of ping, of pong.
pub(crate) type Counters = [u64; 9];

pub(crate) fn counters(score: &Score) -> Counters {
    let Score { ping, pong, draws, lets, abandoned, .. } = *score;
    let Score { ping_hits, ping_misses, pong_hits, pong_misses, .. } = *score;
    [ping, pong, draws, lets, abandoned, ping_hits, ping_misses, pong_hits, pong_misses]
}

/// What was counted since.
pub(crate) fn since(now: &Score, base: Option<&Score>) -> Counters {
    let base = base.map_or([0; 9], counters);
    let now = counters(now);
    std::array::from_fn(|n| now[n] - base[n])
}

/// The rallies that reached a verdict, and the strokes.
pub(crate) fn sums(counters: &Counters) -> [u64; 2] {
    [counters[..4].iter().sum(), counters[5..].iter().sum()]
}
