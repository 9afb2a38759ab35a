//! The admin port: health, readiness, metrics and identity.
//!
//! | path | answer |
//! |---|---|
//! | `/healthz` | 200 while the service works, else 503 with what hangs |
//! | `/readyz` | 200 when it can do its work, else 503 with what is missing |
//! | `/metrics` | metrics: OpenMetrics to a client that prefers it, else Prometheus' text format |
//! | `/whoami` | service, task, node, version, system, start time and clock as JSON |

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use protocol::whoami::{WhoAmI, WhoAmINow};
use tokio_util::sync::CancellationToken;

use crate::accept::preferred;
use crate::clock::unix_millis;
use crate::metrics::FrozenMetrics;
use crate::resource::{document, not_found};
use crate::workers::Workers;

/// A check whether a service works, or can do its work; the error says what hangs or is missing.
pub type Check = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// What the admin port answers.
#[derive(Clone)]
pub(crate) struct Admin {
    pub(crate) whoami: WhoAmI,
    pub(crate) healthy: Check,
    pub(crate) ready: Check,
    pub(crate) metrics: FrozenMetrics,
    pub(crate) shutdown: CancellationToken,
    pub(crate) workers: Workers,
}

/// Adds the admin port's routes.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .service(document("/healthz", healthz))
        .service(document("/readyz", readyz))
        .service(document("/metrics", metrics))
        .service(document("/whoami", whoami))
        .default_service(not_found("/healthz, /readyz, /metrics, /whoami and a proxy's /probes"));
}

async fn healthz(admin: web::Data<Admin>) -> HttpResponse {
    let health = (admin.healthy)();
    answer("ok\n", if health.is_ok() { admin.workers.check().await } else { health })
}

async fn readyz(admin: web::Data<Admin>) -> HttpResponse {
    let stopping = admin.shutdown.is_cancelled();
    let ready = || (admin.healthy)().and_then(|()| (admin.ready)());
    answer("ready\n", if stopping { Err("stopping".into()) } else { ready() })
}

fn answer(well: &'static str, check: Result<(), String>) -> HttpResponse {
    match check {
        Ok(()) => HttpResponse::Ok().body(well),
        Err(missing) => HttpResponse::ServiceUnavailable().body(format!("{missing}\n")),
    }
}

async fn metrics(request: HttpRequest, admin: web::Data<Admin>) -> HttpResponse {
    let open_metrics = preferred(&request, &["text/plain", "application/openmetrics-text"]) == 1;
    let (format, text) = if open_metrics {
        let format = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        (format, admin.metrics.open_metrics())
    } else {
        ("text/plain; version=0.0.4; charset=utf-8", admin.metrics.text())
    };
    HttpResponse::Ok().insert_header((header::CONTENT_TYPE, format)).body(text)
}

async fn whoami(admin: web::Data<Admin>) -> web::Json<WhoAmINow> {
    web::Json(WhoAmINow { whoami: admin.whoami.clone(), now: Some(unix_millis()) })
}
