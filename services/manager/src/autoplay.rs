//! Rallies without requests, so that a cluster shows life by itself.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use crate::rally_runner::RallyRunner;
use crate::state::Manager;

/// Waits, plays a rally, and starts again; never returns.
pub(crate) async fn run(manager: Arc<Manager>, interval: Duration) {
    loop {
        sleep(interval).await;
        // Skip this round if the manager is at its limit.
        if let Ok(mut runner) = RallyRunner::start(&manager, manager.options.pace, None) {
            while runner.next().await.is_some() {}
        }
    }
}
