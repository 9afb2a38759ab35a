//! The server of the admin port, on a thread of its own, so that whatever becomes of the public port,
//! the service can still be asked how it is.

use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_web::dev::{Service, ServiceFactory};
use protocol::timing::DRAIN;
use socket2::SockRef;
use tokio::sync::oneshot;
use tokio::task::LocalSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Span;

use super::app::Site;
use super::http::sessions;
use super::session::Port;
use crate::open_files;

/// Maximum number of open connections: healthchecks, Prometheus, the scoreboards, and probes of 16
/// proxies.
pub(super) const MAX_CONNECTIONS: usize = 128;

/// How long to wait for a free descriptor when not even the spare one has helped.
const RETRY: Duration = Duration::from_millis(100);

/// How long a connection may have the spare descriptor: long enough for a slow node to answer, and a third
/// of the patience of a healthcheck, which may come after another one.
const TURN: Duration = Duration::from_secs(3);

/// A running admin server.
pub(super) struct AdminServer {
    stop: CancellationToken,
    ended: oneshot::Receiver<io::Result<()>>,
}

impl AdminServer {
    /// Starts the server.
    ///
    /// # Errors
    ///
    /// That of the system, when the thread cannot be started.
    pub(super) fn start(
        listener: TcpListener,
        site: Site,
        port: Port,
        span: Span,
    ) -> io::Result<Self> {
        let stop = port.draining.clone();
        let (end, ended) = oneshot::channel();
        let serving = Serving { listener, site, port };
        std::thread::Builder::new().name("admin".to_owned()).spawn(move || {
            let _span = span.entered();
            // Whoever waited for it has ended.
            let _ = end.send(serving.run());
        })?;
        Ok(Self { stop, ended })
    }

    /// Waits until the server ends by itself, which it does only when it fails.
    pub(super) async fn failure(&mut self) -> io::Error {
        match (&mut self.ended).await {
            Ok(Err(error)) => error,
            Ok(Ok(())) => io::Error::other("the admin server ended"),
            Err(_) => io::Error::other("the admin server panicked"),
        }
    }

    /// Stops accepting connections, and ends when the last request is answered, or after 500 ms.
    pub(super) async fn stop(self) {
        self.stop.cancel();
        // What it would have failed with does not matter any more.
        let _ = self.ended.await;
    }
}

/// What the thread of the server has.
struct Serving {
    listener: TcpListener,
    site: Site,
    port: Port,
}

impl Serving {
    fn run(self) -> io::Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        LocalSet::new().block_on(&runtime, self.serve())
    }

    async fn serve(self) -> io::Result<()> {
        self.listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(self.listener)?;
        let (connections, stop) = (self.port.connections.clone(), self.port.draining.clone());
        let service = sessions(self.site, self.port, || {}).new_service(()).await;
        let service = service.map_err(|()| io::Error::other("the admin server did not start"))?;
        let open = TaskTracker::new();
        let mut spare = None;
        // A descriptor for one connection more when all others are in use.
        let reserve = || SockRef::from(&listener).try_clone().ok();
        loop {
            spare = spare.or_else(reserve);
            match stop.run_until_cancelled(listener.accept()).await {
                None => break,
                Some(Ok((socket, _))) if open.len() < MAX_CONNECTIONS => {
                    open.spawn_local(service.call(socket));
                }
                Some(Err(error)) if open_files::are_exhausted(&error) => {
                    if spare.take().is_none() {
                        connections.make_room();
                        sleep(RETRY).await;
                    } else if let Ok(Ok((socket, _))) = timeout(RETRY, listener.accept()).await {
                        // Not beside others, so that its descriptor is the spare one again.
                        let _ = timeout(TURN, service.call(socket)).await;
                    }
                }
                // One too many, or one that has gone.
                Some(_) => {}
            }
        }
        open.close();
        // Who has not read its response by then is cut off.
        let _ = timeout(DRAIN, open.wait()).await;
        Ok(())
    }
}
