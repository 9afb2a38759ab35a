//! Serving: a public port for the game, an admin port for operators, and a stop that cuts no
//! response.
//!
//! Each port has a server of its own, so that operators get their answers whatever becomes of the
//! public port; `/healthz` asks its worker for a reply, so that a service that hangs does not look
//! healthy. A service that has nothing to offer to others has the admin port alone.
//!
//! There is one worker, however many cores: the tasks of a node share these anyway, a request that
//! stays on one thread costs less, and a service that is short of a core is scaled.
//!
//! The stop, in this order: not ready; for a moment every request is still served and told that the
//! connection closes, so that no request crosses a closing connection; then no new connection is
//! accepted and what runs is finished, while those who still connect are rejected. The admin port
//! closes last.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::http::header::HeaderValue;
use actix_web::web::ServiceConfig;
use futures_util::future::BoxFuture;
use protocol::headers::format_server;
use protocol::service::Service;
use protocol::timing::{DRAIN, FINISH, SETTLE};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span, info};

use crate::admin::Admin;
use crate::listeners::Listeners;
use crate::open_files;

mod addressee;
mod admin_server;
mod app;
mod body;
mod connection;
mod connections;
mod date;
pub mod head;
mod http;
mod keep_alive;
mod refusal;
mod reject;
mod session;
pub mod streams;
mod turns;
mod write;

use admin_server::AdminServer;
use app::Site;
pub(crate) use connections::Connections;
pub(crate) use refusal::Refusals;
use reject::Rejector;
use session::Port;

/// A function that adds routes. Without this type the whole server would be compiled once for each
/// service, 0.15 MB of binary each.
pub(crate) type Routes = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;

/// What is served.
pub(crate) struct Serving {
    pub(crate) listeners: Listeners,
    /// The connections of the public port.
    pub(crate) connections: Arc<Connections>,
    pub(crate) admin: Admin,
    pub(crate) refusals: Refusals,
    pub(crate) public_routes: Routes,
    pub(crate) admin_routes: Routes,
    pub(crate) span: Span,
}

/// How many files a server opens as it starts, and those it keeps for connections to the admin port
/// and for lookups.
const OWN_FILES: usize = 12;
const KEPT_FILES: usize = 8;

impl Serving {
    /// Serves until shutdown and until all requests are answered, in less than 5 s.
    ///
    /// Boxed here, so that the server is compiled once, in this crate: a future that is not is
    /// compiled again in the crate of every service that waits for it.
    pub(crate) fn run(self) -> BoxFuture<'static, io::Result<()>> {
        let span = self.span.clone();
        Box::pin(self.serve().instrument(span))
    }

    async fn serve(mut self) -> io::Result<()> {
        // A worker without them panics.
        open_files::check(&self.listeners.admin, OWN_FILES)?;
        self.connections.limit_to(open_files::max_clients(OWN_FILES + KEPT_FILES));
        let listen = self.listeners.public_address().map(|address| address.to_string());
        info!(listen, admin = %self.listeners.admin_address(), "listening");

        let shutdown = self.admin.shutdown.clone();
        let public = self.listeners.public.take();
        let public = public.map(|listener| self.public_server(listener)).transpose()?;
        let mut admin = self.admin_server()?;
        let serving = async {
            match public {
                Some(public) => public.run(&shutdown).await,
                None => {
                    shutdown.cancelled().await;
                    Ok(())
                }
            }
        };
        let served = tokio::select! {
            served = serving => served,
            failure = admin.failure() => Err(failure),
        };
        // A server that ends by itself cannot go on; nor can the service.
        shutdown.cancel();
        admin.stop().await;
        served
    }

    fn site(&self, routes: &Routes, is_anonymous: bool) -> io::Result<Site> {
        let server_name = HeaderValue::try_from(format_server(&self.admin.whoami.release));
        Ok(Site {
            own: self.admin.whoami.service,
            is_anonymous,
            server_name: server_name.map_err(io::Error::other)?,
            routes: Arc::clone(routes),
            refusals: self.refusals.clone(),
            shutdown: self.admin.shutdown.clone(),
        })
    }

    fn admin_server(self) -> io::Result<AdminServer> {
        let (own, limit) = (self.admin.whoami.service, admin_server::MAX_CONNECTIONS);
        let connections = Connections::new(own, limit, self.refusals.clone());
        let site = self.site(&self.admin_routes, false)?;
        let port = Port::new(connections, self.refusals);
        AdminServer::start(self.listeners.admin, site, port, self.span)
    }

    fn public_server(&self, listener: TcpListener) -> io::Result<PublicServer> {
        let own = self.admin.whoami.service;
        let port = Port::new(Arc::clone(&self.connections), self.refusals.clone());
        let draining = port.draining.clone();
        let site = self.site(&self.public_routes, own == Service::Proxy)?;
        let (workers, span) = (self.admin.workers.clone(), self.span.clone());
        let on_start = move || {
            // Left at the end of the thread, when the subscriber's own thread-local data may be gone.
            std::mem::forget(span.clone().entered());
            workers.join();
        };
        let remaining = listener.try_clone()?;
        let server = Server::build()
            .workers(1)
            // One too many, which takes the place of another.
            .max_concurrent_connections(self.connections.limit() + 1)
            .shutdown_timeout(FINISH.as_secs())
            .disable_signals()
            .listen("public", listener, move || {
                http::sessions(site.clone(), port.clone(), on_start.clone())
            })?
            .run();
        Ok(PublicServer { server, remaining, draining, own })
    }
}

/// The server of the public port.
struct PublicServer {
    server: Server,
    remaining: TcpListener,
    draining: CancellationToken,
    own: Service,
}

impl PublicServer {
    async fn run(self, shutdown: &CancellationToken) -> io::Result<()> {
        let handle = self.server.handle();
        let ending = async {
            shutdown.cancelled().await;
            sleep(DRAIN).await;
            handle.pause().await;
            let rejector = Rejector::start(self.remaining, self.own);
            sleep(SETTLE).await;
            self.draining.cancel();
            handle.stop(true).await;
            rejector.finish().await;
        };
        let serving = async {
            let served = self.server.await;
            // A server that ends by itself cannot go on; nor can the service.
            shutdown.cancel();
            served
        };
        let (served, ()) = tokio::join!(serving, ending);
        served
    }
}
