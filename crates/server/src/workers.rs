//! Whether the workers of the public port still do their work.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

/// How long a worker may take to reply. A busy one does within milliseconds, since what it does is
/// never blocking.
const REPLY_TIMEOUT: Duration = Duration::from_millis(500);

type Question = oneshot::Sender<()>;

/// The workers of a service that have started.
#[derive(Clone, Debug, Default)]
pub(crate) struct Workers(Arc<Mutex<Vec<mpsc::Sender<Question>>>>);

impl Workers {
    /// Has the worker that runs on this thread reply from now on.
    pub(crate) fn join(&self) {
        let (sender, mut questions) = mpsc::channel::<Question>(1);
        self.0.lock().push(sender);
        tokio::task::spawn_local(async move {
            while let Some(question) = questions.recv().await {
                // Who asked may have given up.
                let _ = question.send(());
            }
        });
    }

    /// Asks every worker for a reply within 500 ms.
    ///
    /// # Errors
    ///
    /// How many did not reply, and how many there are.
    pub(crate) async fn check(&self) -> Result<(), String> {
        let workers = {
            let mut workers = self.0.lock();
            // Those that have ended; a worker that panicked is replaced.
            workers.retain(|worker| !worker.is_closed());
            workers.clone()
        };
        let replies = workers.iter().map(|worker| timeout(REPLY_TIMEOUT, ask(worker)));
        let hanging = join_all(replies).await.iter().filter(|reply| reply.is_err()).count();
        if hanging == 0 {
            return Ok(());
        }
        Err(format!("{hanging} of {} workers did not reply within 500 ms", workers.len()))
    }
}

async fn ask(worker: &mpsc::Sender<Question>) {
    let (question, reply) = oneshot::channel();
    // One that has ended meanwhile does not hang.
    if worker.send(question).await.is_ok() {
        let _ = reply.await;
    }
}

#[cfg(test)]
mod tests {
    use tokio::task::LocalSet;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn workers_that_reply_or_have_ended_are_healthy_and_one_that_hangs_is_not() {
        let workers = Workers::default();
        assert_eq!(workers.check().await, Ok(()), "none");
        let thread = LocalSet::new();
        thread.run_until(async { workers.join() }).await;
        assert_eq!(thread.run_until(workers.check()).await, Ok(()), "replies");
        let hanging = workers.check().await;
        assert_eq!(hanging, Err("1 of 1 workers did not reply within 500 ms".to_owned()));
        drop(thread);
        assert_eq!(workers.check().await, Ok(()), "ended");
    }
}
