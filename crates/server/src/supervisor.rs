//! The background tasks of a service: one that panics or ends early stops the service with an error
//! that names it, so that Docker replaces it.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

/// The background tasks of one service.
#[derive(Debug)]
pub(crate) struct Supervisor {
    tasks: JoinSet<()>,
    names: TaskNames,
    span: Span,
    shutdown: CancellationToken,
}

/// The names of a service's running background tasks, with a way to end each, for tests.
#[derive(Clone, Debug, Default)]
pub struct TaskNames(Arc<Mutex<HashMap<Id, (String, AbortHandle)>>>);

impl TaskNames {
    /// Returns the names of all tasks.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.0.lock().values().map(|(name, _)| name.clone()).collect()
    }

    /// Aborts the tasks of this name.
    pub fn abort(&self, name: &str) {
        let tasks = self.0.lock();
        tasks.values().filter(|(known, _)| known == name).for_each(|(_, task)| task.abort());
    }
}

impl Supervisor {
    pub(crate) fn new(span: Span, shutdown: CancellationToken) -> Self {
        Self { tasks: JoinSet::new(), names: TaskNames::default(), span, shutdown }
    }

    pub(crate) fn names(&self) -> TaskNames {
        self.names.clone()
    }

    /// Runs a task until shutdown.
    pub(crate) fn spawn_until_shutdown(&mut self, name: String, task: BoxFuture<'static, ()>) {
        let shutdown = self.shutdown.clone();
        let until_shutdown = async move {
            shutdown.run_until_cancelled_owned(task).await;
        };
        self.spawn(name, until_shutdown.boxed());
    }

    /// Runs a task that ends by itself after shutdown; boxed, so that what runs a task is compiled
    /// once and not for each of them.
    pub(crate) fn spawn(&mut self, name: String, task: BoxFuture<'static, ()>) {
        let handle = self.tasks.spawn(task.instrument(self.span.clone()));
        self.names.0.lock().insert(handle.id(), (name, handle));
    }

    /// Waits for all tasks to end, and cancels `shutdown` when one ends before that.
    ///
    /// # Errors
    ///
    /// The first task that panicked, was aborted, or ended before shutdown.
    pub(crate) async fn supervise(mut self) -> io::Result<()> {
        let mut outcome = Ok(());
        while let Some(ended) = self.tasks.join_next_with_id().await {
            let (id, reason) = match ended {
                Ok((_, ())) if self.shutdown.is_cancelled() => continue,
                Ok((id, ())) => (id, "ended".to_owned()),
                Err(error) => (error.id(), describe(error)),
            };
            let name = self.names.0.lock().remove(&id).map_or_else(String::new, |(name, _)| name);
            self.shutdown.cancel();
            let failure = io::Error::other(format!("background task '{name}' {reason}"));
            outcome = outcome.and(Err(failure));
        }
        outcome
    }
}

fn describe(error: JoinError) -> String {
    let Ok(panic) = error.try_into_panic() else { return "was aborted".to_owned() };
    let message = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    let message = message.or_else(|| panic.downcast_ref::<String>().cloned());
    format!("panicked: {}", message.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn supervisor() -> (Supervisor, CancellationToken) {
        let shutdown = CancellationToken::new();
        (Supervisor::new(Span::none(), shutdown.clone()), shutdown)
    }

    #[tokio::test]
    async fn a_task_that_ends_panics_or_is_aborted_stops_the_service_and_is_named() {
        for reason in ["ended", "panicked: oops 1", "was aborted"] {
            let (mut supervisor, shutdown) = supervisor();
            supervisor.spawn("waiting".to_owned(), shutdown.clone().cancelled_owned().boxed());
            match reason {
                "ended" => supervisor.spawn("failing".to_owned(), async {}.boxed()),
                "was aborted" => {
                    supervisor.spawn("failing".to_owned(), std::future::pending().boxed());
                    supervisor.names().abort("failing");
                }
                _ => supervisor.spawn("failing".to_owned(), async { panic!("oops {}", 1) }.boxed()),
            }
            let error = supervisor.supervise().await.expect_err(reason);
            assert_eq!(error.to_string(), format!("background task 'failing' {reason}"));
            assert!(shutdown.is_cancelled());
        }
    }

    #[tokio::test]
    async fn tasks_that_end_after_shutdown_are_no_failure() {
        let (mut supervisor, shutdown) = supervisor();
        supervisor.spawn("waiting".to_owned(), shutdown.clone().cancelled_owned().boxed());
        shutdown.cancel();
        supervisor.supervise().await.expect("a clean end");
    }
}
