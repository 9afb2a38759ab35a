//! What a service is started with.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use actix_web::web::{Data, ServiceConfig};
use client::discovery::Discovery;
use client::endpoint::Peer;
use client::endpoints::Endpoints;
use client::feed::{self, FeedUpdate, MAX_WAITING};
use client::targets::Targets;
use futures_util::FutureExt;
use protocol::service::Service;
use protocol::task::Task;
use protocol::wanted::Wanted;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, Span};

use crate::admin::{self, Admin, Check};
use crate::identity::Identity;
use crate::listeners::{BindError, Listeners};
use crate::log::LogLimiter;
use crate::metrics::Metrics;
use crate::options::{ListenOptions, MAX_CONNECTIONS, Options};
use crate::serve::{Connections, Refusals, Routes, Serving};
use crate::supervisor::{Supervisor, TaskNames};
use crate::workers::Workers;

/// What a service is started with: who it is, its ports, its metrics and its background tasks.
pub struct Start {
    identity: Identity,
    listeners: Listeners,
    max_connections: usize,
    shutdown: CancellationToken,
    metrics: Metrics,
    log_limiter: Arc<LogLimiter>,
    healthy: Check,
    ready: Check,
    admin_routes: Vec<Routes>,
    supervisor: Supervisor,
    span: Span,
}

impl Start {
    /// Binds the ports of a service; without `listen` it has an admin port alone.
    ///
    /// # Errors
    ///
    /// [`BindError`], when a port is taken or not this machine's.
    pub fn bind(
        service: Service,
        listen: Option<ListenOptions>,
        options: &Options,
        shutdown: CancellationToken,
    ) -> Result<Self, BindError> {
        let listeners = Listeners::bind(listen.map(|listen| listen.listen), options.admin)?;
        let start = Self::new(options.identity(service), listeners, shutdown);
        let max_connections = listen.map_or(0, |listen| listen.max_connections.into());
        Ok(Self { max_connections, ..start })
    }

    /// Binds loopback ports for a task of the demo or of a test; port 0 of `listen` is any free one. A
    /// light has no public port.
    ///
    /// # Errors
    ///
    /// [`BindError`], when `listen` is taken or not this machine's.
    pub fn local(
        service: Service,
        task: Task,
        listen: SocketAddr,
        shutdown: CancellationToken,
    ) -> Result<Self, BindError> {
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let listeners = Listeners::bind((service != Service::Light).then_some(listen), free)?;
        Ok(Self::new(Identity::new(service, task), listeners, shutdown))
    }

    fn new(identity: Identity, listeners: Listeners, shutdown: CancellationToken) -> Self {
        let span = identity.span();
        Self {
            metrics: Metrics::new(&identity),
            identity,
            listeners,
            max_connections: MAX_CONNECTIONS.into(),
            log_limiter: Arc::default(),
            healthy: Arc::new(|| Ok(())),
            ready: Arc::new(|| Ok(())),
            admin_routes: Vec::new(),
            supervisor: Supervisor::new(span.clone(), shutdown.clone()),
            span,
            shutdown,
        }
    }

    /// Returns who the service is.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Returns the address of the public port, if there is one.
    #[must_use]
    pub const fn public(&self) -> Option<SocketAddr> {
        self.listeners.public_address()
    }

    /// Returns the address of the admin port.
    #[must_use]
    pub const fn admin(&self) -> SocketAddr {
        self.listeners.admin_address()
    }

    /// Returns the token that stops the service.
    #[must_use]
    pub const fn shutdown(&self) -> &CancellationToken {
        &self.shutdown
    }

    /// Returns the metrics, to register more; they are frozen when serving begins.
    pub const fn metrics(&mut self) -> &mut Metrics {
        &mut self.metrics
    }

    /// Returns what limits the rate of log lines.
    #[must_use]
    pub fn log_limiter(&self) -> Arc<LogLimiter> {
        Arc::clone(&self.log_limiter)
    }

    /// Returns the names of the background tasks, for tests.
    #[must_use]
    pub fn tasks(&self) -> TaskNames {
        self.supervisor.names()
    }

    /// Starts discovery of the tasks of a service, registers `pong_endpoints`, and waits for the
    /// first lookup, but no longer than 40 ms.
    pub async fn discover(&mut self, peer: impl Into<Peer>, targets: Targets) -> Arc<Endpoints> {
        let peer = peer.into();
        let name = format!("discovery of {targets}");
        let mut discovery = Discovery::new(peer, targets);
        discovery.look_once().instrument(self.span.clone()).await;
        let endpoints = discovery.endpoints();
        self.metrics.endpoints(&endpoints);
        self.spawn(name, async { match discovery.run().await {} });
        endpoints
    }

    /// Subscribes to the feeds of all managers.
    pub async fn subscribe(
        &mut self,
        managers: Targets,
        wanted: Wanted,
    ) -> mpsc::Receiver<FeedUpdate> {
        let endpoints = self.discover(Service::Manager, managers).await;
        let (sender, receiver) = mpsc::channel(MAX_WAITING);
        self.spawn("feeds", feed::subscribe(endpoints, wanted, sender));
        receiver
    }

    /// Runs a background task until shutdown; one that panics or ends before stops the service with
    /// an error that names it.
    pub fn spawn(
        &mut self,
        name: impl Into<String>,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        self.supervisor.spawn_until_shutdown(name.into(), task.boxed());
    }

    /// Runs a background task that ends by itself after shutdown, such as one that publishes the
    /// last counters.
    pub fn spawn_to_end(
        &mut self,
        name: impl Into<String>,
        task: impl Future<Output = ()> + Send + 'static,
    ) {
        self.supervisor.spawn(name.into(), task.boxed());
    }

    /// Sets what `/readyz` asks: whether the service can do its work, and if not, what is missing.
    pub fn ready(&mut self, check: impl Fn() -> Result<(), String> + Send + Sync + 'static) {
        self.ready = Arc::new(check);
    }

    /// Sets what `/healthz` asks: whether all of the service works, and if not, what hangs. Docker
    /// replaces a task that is not healthy.
    pub fn healthy(&mut self, check: impl Fn() -> Result<(), String> + Send + Sync + 'static) {
        self.healthy = Arc::new(check);
    }

    /// Adds routes to the admin port.
    pub fn admin_routes(&mut self, routes: impl Fn(&mut ServiceConfig) + Send + Sync + 'static) {
        self.admin_routes.push(Arc::new(routes));
    }

    /// Serves `routes` on the public port until shutdown, and until every request in flight is
    /// answered and every background task has ended, in less than 5 s.
    ///
    /// # Errors
    ///
    /// That of the system, when threads cannot be started or ports cannot be polled; and the
    /// background task that failed.
    pub async fn serve(
        self,
        routes: impl Fn(&mut ServiceConfig) + Send + Sync + 'static,
    ) -> io::Result<()> {
        // Boxed, so that it is compiled once and not for the routes of each service.
        self.serve_routes(Arc::new(routes)).boxed().await
    }

    async fn serve_routes(self, public: Routes) -> io::Result<()> {
        let Self { mut metrics, admin_routes, log_limiter, span, .. } = self;
        let refusals = Refusals::register(&mut metrics, Arc::clone(&log_limiter));
        let connections =
            Connections::new(self.identity.service, self.max_connections, refusals.clone());
        if self.listeners.public_address().is_some() {
            let open = Arc::clone(&connections);
            let help = "Open connections to the public port";
            metrics.gauge("connections", help, move || open.open());
        }
        let admin = Admin {
            whoami: self.identity.whoami(),
            healthy: self.healthy,
            ready: self.ready,
            metrics: metrics.freeze(),
            shutdown: self.shutdown,
            workers: Workers::default(),
        };
        let routes = admin.clone();
        let serving = Serving {
            listeners: self.listeners,
            connections,
            admin,
            refusals,
            public_routes: public,
            admin_routes: Arc::new(move |config| {
                config.app_data(Data::new(routes.clone())).configure(admin::configure);
                admin_routes.iter().for_each(|routes| routes(config));
            }),
            span: span.clone(),
        };
        let (served, supervised) = tokio::join!(serving.run(), self.supervisor.supervise());
        span.in_scope(|| log_limiter.report());
        supervised.and(served)
    }
}
