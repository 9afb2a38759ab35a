//! Rallies with nobody asking, so that a cluster shows life by itself.

use std::sync::Arc;
use std::time::Duration;

use court::client::client;
use tokio::time::sleep;

use crate::play::Play;
use crate::service::Manager;

/// Plays a rally, waits, and plays the next.
pub(crate) async fn play(manager: Arc<Manager>, every: Duration) {
    let client = client();
    loop {
        sleep(every).await;
        // When the manager is full, there is life enough.
        if let Ok(mut play) = Play::begin(&manager, &client, manager.options.pace, None) {
            while play.next().await.is_some() {}
        }
    }
}
