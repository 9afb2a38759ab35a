//! The proxy: the public entry to the cluster, one on every node, and the only service that outside
//! clients can reach.
//!
//! | request | goes to |
//! |---|---|
//! | `GET /` | a scoreboard's page if the client prefers HTML, else a manager: a rally |
//! | `GET /rally` | a manager: a rally, whatever the client prefers |
//! | `GET /score`, `/paths`, `/events`, `/page/FILE` | a scoreboard |
//! | `GET /healthz` | nobody: 200 while a manager answers this proxy, else 503 with the reason |
//! | anything else | 404 |
//!
//! HEAD is GET without the body, but for `/events` and for a rally, which it does not play; OPTIONS is answered with the methods allowed.
//!
//! It keeps no state, needs no privileges and touches no hardware. Whatever path or header a client
//! sends, the proxy reaches nothing but its two upstreams, and on those nothing but the paths above.
//! It also probes the paths between the nodes and checks the ports at which clients enter, and reports on its admin port, which clients cannot
//! reach:
//!
//! | request to the admin port | answer |
//! |---|---|
//! | `/probe` | the proxy's own report, small enough for one packet |
//! | `GET /leaving?port=N` | none; the proxy at the asking address and this port stops |
//! | `GET /probes?nodes=a,b` | its own report and those received from others; from the named nodes only, if any are named |
//! | a datagram to the UDP port of the same number | every third is answered with how many arrived |

mod forward;
mod headers;
mod health;
mod hearsay;
pub mod loss;
mod metrics;
mod no_scoreboard;
mod options;
mod path_health;
mod path_table;
pub mod port_check;
mod port_health;
mod port_options;
mod ports;
mod probe;
pub mod probe_answer;
mod probe_routes;
mod probe_targets;
mod prober;
mod routes;
mod state;
mod upstream_response;

use std::io;
use std::sync::Arc;

use actix_web::web;
use protocol::service::Service;
use server::start::Start;

pub use options::Options;
pub use port_options::PortOptions;
use ports::Ports;
use prober::Prober;
use state::Proxy;

/// Runs the proxy until shutdown, and until every request in flight is answered.
///
/// # Errors
///
/// That of the system, when the ports cannot be served; and the background task that failed.
pub async fn run(options: Options, mut start: Start) -> io::Result<()> {
    let managers = start.discover(Service::Manager, options.managers).await;
    let scoreboards = start.discover(Service::Scoreboard, options.scoreboards).await;
    let proxy = Arc::new(Proxy::new(managers, scoreboards, &mut start));
    let prober = Prober::start(&mut start, options.proxies, proxy.metrics.clone()).await;
    let ports = Ports::start(&mut start, &options.ports, &prober);
    start.admin_routes(move |config| probe_routes::configure(config, &prober, &ports));
    let state = Arc::clone(&proxy);
    start.healthy(move || state.healthy());
    let state = Arc::clone(&proxy);
    start.ready(move || state.ready());
    let routes = move |config: &mut web::ServiceConfig| {
        config
            .app_data(web::Data::from(Arc::clone(&proxy)))
            .default_service(web::to(forward::handle));
    };
    start.serve(routes).await
}
