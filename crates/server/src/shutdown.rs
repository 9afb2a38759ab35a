//! The signals that stop a service.

use std::io;

use tokio_util::sync::CancellationToken;

/// Returns a token that is cancelled on SIGTERM, which Docker sends, or Ctrl-C.
///
/// # Errors
///
/// That of the system, when it does not deliver signals.
pub fn on_signal() -> io::Result<CancellationToken> {
    let shutdown = CancellationToken::new();
    let token = shutdown.clone();
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        tokio::spawn(async move {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            token.cancel();
        });
    }
    #[cfg(not(unix))]
    tokio::spawn(async move {
        // Without Ctrl-C there is no way to stop it, so the service goes on.
        if tokio::signal::ctrl_c().await.is_ok() {
            token.cancel();
        }
    });
    Ok(shutdown)
}
