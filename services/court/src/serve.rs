//! Serving: a public door for the game, an admin door for operators, and a stop that cuts nobody
//! off.
//!
//! Both doors are served by the same workers, so that a service which no longer answers the one
//! does not look healthy through the other.
//!
//! A service that has nothing to offer to others has the admin door alone.
//!
//! The stop, in this order: not ready; for a moment everybody is still served and told that the
//! connection closes, so that no request crosses a closing connection; then no new connection is
//! taken in and what runs is finished, while those who still knock are turned away.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::guard::fn_guard;
use actix_web::http::{ConnectionType, header};
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpMessage, HttpResponse, HttpServer};
use futures_util::future::BoxFuture;
use tokio::time::sleep;
use tracing::info;

use crate::admin::{self, Admin};
use crate::headers;

mod doors;
mod turn_away;

pub use doors::{CannotListen, Doors};
use turn_away::TurningAway;

/// How long a connection is kept open for the next request; longer than
/// [`client`](crate::client)'s own limit, so that the server is not the first to close.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// How long everybody is still served after the stop signal. Docker takes a task's address out of
/// DNS two seconds before the signal (moby's `defaultGossipConvergeDelay`), so those who follow DNS
/// have left by now; this is for clients that hold a connection.
const FAREWELL: Duration = Duration::from_millis(500);

/// How long connections that were taken in just before may need to reach their worker.
const SETTLE: Duration = Duration::from_millis(100);

/// How long after the stop signal a request may still come in.
pub const LAST_CALL: Duration = FAREWELL.saturating_add(SETTLE);

/// How long running requests may take to finish, in seconds. With the rest it stays below 5 s, half
/// of Docker's default grace of 10 s.
const FINISH: u64 = 3;

/// Marks a request that came in through the admin door.
struct ThroughAdmin;

/// Serves `routes` on the public door and [`admin`]'s on the other until the stop token is
/// cancelled and all is finished, in less than 5 s.
///
/// `routes` is called once in each of the `workers` threads.
///
/// # Errors
///
/// The system's, when threads cannot be started or ports cannot be polled.
pub async fn serve(
    doors: Doors,
    admin: Admin,
    workers: usize,
    routes: impl Fn(&mut ServiceConfig) + Send + Sync + 'static,
) -> io::Result<()> {
    run(doors, admin, workers, Arc::new(routes), Arc::new(|_| {})).await
}

/// Serves as [`serve`] does, and `operators` on the admin door besides.
///
/// # Errors
///
/// The system's, when threads cannot be started or ports cannot be polled.
pub async fn serve_with(
    doors: Doors,
    admin: Admin,
    workers: usize,
    routes: impl Fn(&mut ServiceConfig) + Send + Sync + 'static,
    operators: impl Fn(&mut ServiceConfig) + Send + Sync + 'static,
) -> io::Result<()> {
    run(doors, admin, workers, Arc::new(routes), Arc::new(operators)).await
}

/// Adds a service's routes. Without this type the whole server would be compiled once for each
/// service, 0.15 MB of binary each.
type Routes = Arc<dyn Fn(&mut ServiceConfig) + Send + Sync>;

/// Boxed here, so that the server is compiled once, in this crate: a future that is not is compiled
/// again in the crate of every service that waits for it.
fn run(
    doors: Doors,
    admin: Admin,
    workers: usize,
    routes: Routes,
    operators: Routes,
) -> BoxFuture<'static, io::Result<()>> {
    Box::pin(serve_both(doors, admin, workers, routes, operators))
}

async fn serve_both(
    doors: Doors,
    mut admin: Admin,
    workers: usize,
    routes: Routes,
    operators: Routes,
) -> io::Result<()> {
    let admin_address = doors.admin();
    let admin::WhoAmI { service, me, .. } = &admin.whoami;
    info!(
        service, task = %me.name, node = %me.node, listen = %doors.public(),
        admin = %admin_address, "serving"
    );
    let left_over = doors.public.as_ref().map(TcpListener::try_clone).transpose()?;
    let server_name = headers::server(&doors.release);
    admin.whoami.release = doors.release;
    let stop = admin.stop.clone();
    let server = HttpServer::new(move || {
        let stop = admin.stop.clone();
        let server_name = server_name.clone();
        App::new()
            .app_data(web::Data::new(admin.clone()))
            .wrap_fn(move |request: ServiceRequest, service| {
                if request.app_config().local_addr() == admin_address {
                    request.extensions_mut().insert(ThroughAdmin);
                }
                let answer = service.call(request);
                let stop = stop.clone();
                let server_name = server_name.clone();
                async move {
                    let mut answer = answer.await?;
                    // What was passed on names whom it comes from.
                    if !answer.headers().contains_key(header::SERVER) {
                        answer.headers_mut().insert(header::SERVER, server_name);
                    }
                    if stop.is_cancelled() {
                        say_farewell(&mut answer);
                    }
                    Ok(answer)
                }
            })
            .service(
                web::scope("")
                    .guard(fn_guard(|context| context.req_data().contains::<ThroughAdmin>()))
                    .configure(admin::routes)
                    .configure(|config| operators(config)),
            )
            .default_service(web::to(nothing_here))
            // After the default, which a service may replace.
            .configure(|config| routes(config))
    })
    .workers(workers)
    .keep_alive(KEEP_ALIVE)
    .shutdown_timeout(FINISH)
    .disable_signals()
    .listen(doors.admin)?;
    let server = match doors.public {
        Some(public) => server.listen(public)?.run(),
        None => server.run(),
    };

    let handle = server.handle();
    let ending = async {
        stop.cancelled().await;
        sleep(FAREWELL).await;
        handle.pause().await;
        let turning_away = left_over.map(TurningAway::start);
        sleep(SETTLE).await;
        handle.stop(true).await;
        if let Some(turning_away) = turning_away {
            turning_away.finish().await;
        }
    };
    // The server ends by itself only when it cannot go on.
    let (served, ()) = tokio::join!(server, ending);
    served
}

/// Tells the client that this is the last answer on its connection.
fn say_farewell<B: MessageBody>(answer: &mut ServiceResponse<B>) {
    answer.response_mut().head_mut().set_connection_type(ConnectionType::Close);
}

async fn nothing_here() -> HttpResponse {
    HttpResponse::NotFound().body("nothing here\n")
}
