//! Serving: a public port for the game, an admin port for operators, and a stop that cuts no
//! response.
//!
//! Both ports are served by the same worker thread, so that a service which no longer answers on the
//! one does not look healthy through the other. A service that has nothing to offer to others has the
//! admin port alone.
//!
//! There is one worker, however many cores: the tasks of a node share these anyway, a request that
//! stays on one thread costs less, and a service that is short of a core is scaled.
//!
//! A request that is meant for another service is refused, and every response names the service, so
//! that whoever calls knows who answered; but for the proxy's public port, which strangers reach.
//!
//! The stop, in this order: not ready; for a moment every request is still served and told that the
//! connection closes, so that no request crosses a closing connection; then no new connection is
//! accepted and what runs is finished, while those who still connect are rejected.

use std::cell::Cell;
use std::io;
use std::net::TcpListener;
use std::sync::Arc;

use actix_web::dev::{Service as _, ServiceRequest};
use actix_web::guard::fn_guard;
use actix_web::http::header::{self, HeaderValue};
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpMessage, HttpResponse, HttpServer};
use futures_util::future::{BoxFuture, Either, ready};
use protocol::headers::format_server;
use protocol::service::Service;
use protocol::timing::{DRAIN, FINISH, FIRST_REQUEST, KEEP_ALIVE, SETTLE};
use tokio::time::sleep;
use tracing::{Instrument, Span, info};

use crate::admin::{self, Admin};
use crate::listeners::Listeners;
use crate::open_files;

mod addressee;
mod connection;
mod reject;

use reject::Rejector;

/// A function that adds routes. Without this type the whole server would be compiled once for each
/// service, 0.15 MB of binary each.
pub(crate) type Routes = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;

/// The routes of both ports.
#[derive(Clone)]
pub(crate) struct AllRoutes {
    pub(crate) public: Routes,
    pub(crate) admin: Vec<Routes>,
}

/// How many files a server opens as it starts.
const OWN_FILES: usize = 12;

/// The mark of a request that came through the admin port.
struct AdminPort;

/// Serves until shutdown and until all requests are answered, in less than 5 s.
///
/// Boxed here, so that the server is compiled once, in this crate: a future that is not is compiled
/// again in the crate of every service that waits for it.
pub(crate) fn run(
    listeners: Listeners,
    admin: Admin,
    span: Span,
    routes: AllRoutes,
) -> BoxFuture<'static, io::Result<()>> {
    Box::pin(serve(listeners, admin, span.clone(), routes).instrument(span))
}

async fn serve(
    listeners: Listeners,
    admin: Admin,
    span: Span,
    routes: AllRoutes,
) -> io::Result<()> {
    // A worker without them panics.
    open_files::check(&listeners.admin, OWN_FILES)?;
    let admin_address = listeners.admin_address();
    let listen = listeners.public_address().map(|address| address.to_string());
    info!(listen, admin = %admin_address, "listening");
    let remaining = listeners.public.as_ref().map(TcpListener::try_clone).transpose()?;
    let server_name = HeaderValue::try_from(format_server(&admin.whoami.release));
    let server_name = server_name.map_err(io::Error::other)?;
    let shutdown = admin.shutdown.clone();
    let own = admin.whoami.service;
    let server = HttpServer::new(move || {
        name_thread(&span);
        let shutdown = admin.shutdown.clone();
        let server_name = server_name.clone();
        App::new()
            .app_data(web::Data::new(admin.clone()))
            .wrap_fn(move |request: ServiceRequest, service| {
                if request.app_config().local_addr() == admin_address {
                    request.extensions_mut().insert(AdminPort);
                }
                let is_anonymous =
                    own == Service::Proxy && !request.extensions().contains::<AdminPort>();
                // Also at the public port, or proxies that list each other would ask in circles.
                let response = match addressee::respond(&request, own) {
                    Some(refusal) => Either::Right(ready(Ok(request.into_response(refusal)))),
                    None => Either::Left(service.call(request)),
                };
                let shutdown = shutdown.clone();
                let server_name = server_name.clone();
                async move {
                    let mut response = response.await?;
                    if !is_anonymous {
                        addressee::sign(&mut response, own);
                    }
                    // What a proxy passed on names whom it comes from.
                    if !response.headers().contains_key(header::SERVER) {
                        response.headers_mut().insert(header::SERVER, server_name);
                    }
                    connection::adapt(&mut response, shutdown.is_cancelled());
                    Ok(response)
                }
            })
            .service(
                web::scope("")
                    .guard(fn_guard(|context| context.req_data().contains::<AdminPort>()))
                    .configure(admin::configure)
                    .configure(|config| routes.admin.iter().for_each(|routes| routes(config)))
                    // Or the public port's default would serve the admin port too.
                    .default_service(web::to(not_found)),
            )
            .default_service(web::to(not_found))
            // After the default, which a service may replace.
            .configure(|config| (routes.public)(config))
    })
    .workers(1)
    // A caller that turned to another task has closed: what it asked for is abandoned. Strangers may
    // close their half of a connection and read on.
    .h1_allow_half_closed(own == Service::Proxy)
    .keep_alive(KEEP_ALIVE)
    .client_request_timeout(FIRST_REQUEST)
    .shutdown_timeout(FINISH.as_secs())
    .disable_signals()
    .listen(listeners.admin)?;
    let server = match listeners.public {
        Some(public) => server.listen(public)?.run(),
        None => server.run(),
    };

    let handle = server.handle();
    let ending = async {
        shutdown.cancelled().await;
        sleep(DRAIN).await;
        handle.pause().await;
        let rejector = remaining.map(|listener| Rejector::start(listener, own));
        sleep(SETTLE).await;
        handle.stop(true).await;
        if let Some(rejector) = rejector {
            rejector.finish().await;
        }
    };
    let serving = async {
        let served = server.await;
        // A server that ends by itself cannot go on; nor can the service.
        shutdown.cancel();
        served
    };
    let (served, ()) = tokio::join!(serving, ending);
    served
}

/// Enters the service's span on its worker thread, so that its log lines name the service. It is called
/// once for each port.
fn name_thread(span: &Span) {
    thread_local! {
        static NAMED: Cell<bool> = const { Cell::new(false) };
    }
    if !NAMED.replace(true) {
        // Left at the end of the thread, when the subscriber's own thread-local data may be gone.
        std::mem::forget(span.clone().entered());
    }
}

async fn not_found() -> HttpResponse {
    HttpResponse::NotFound().body("not found\n")
}
