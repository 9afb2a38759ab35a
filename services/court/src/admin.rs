//! The admin port: health, readiness, metrics and identity.
//!
//! | path | answer |
//! |---|---|
//! | `/healthz` | 200 while the service answers at all |
//! | `/readyz` | 200 when it can do its work, else 503 with what is missing |
//! | `/metrics` | metrics: OpenMetrics for whoever accepts it, else Prometheus' own text format |
//! | `/whoami` | service, task, node, version, system and start time as JSON |

use std::sync::Arc;
use std::time::SystemTime;

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::metrics::Metrics;
use crate::options::own_release;
use crate::task::{Name, Task};

/// Tells whether a service can do its work, and if not, what is missing.
pub type Ready = Arc<dyn Fn() -> Result<(), String> + Send + Sync>;

/// Holds what the admin port tells.
#[derive(Clone)]
pub struct Admin {
    /// Who the service is.
    pub whoami: WhoAmI,
    /// Whether it can do its work.
    pub ready: Ready,
    /// What it counts.
    pub metrics: Metrics,
    /// Whether it is stopping.
    pub stop: CancellationToken,
}

/// Tells who a service is, as `/whoami` answers.
#[derive(Clone, Debug, Serialize)]
pub struct WhoAmI {
    /// The service: `ping`, `manager`, …
    pub service: &'static str,
    /// The task and its node.
    #[serde(flatten)]
    pub me: Task,
    /// The version of swarm-pong.
    pub version: &'static str,
    /// What this build is called; the version, unless it was named.
    pub release: Name,
    /// The operating system it was built for.
    pub os: &'static str,
    /// The architecture it was built for.
    pub arch: &'static str,
    /// When it started, in seconds since 1970.
    pub started: u64,
}

impl WhoAmI {
    /// Describes a service that starts now.
    #[must_use]
    pub fn new(service: &'static str, me: Task) -> Self {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Self {
            service,
            me,
            version: env!("CARGO_PKG_VERSION"),
            release: own_release(),
            os: std::env::consts::OS,
            arch: std::env::consts::ARCH,
            started: since_1970.map_or(0, |time| time.as_secs()),
        }
    }
}

/// Adds the admin port's routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/healthz", web::get().to(healthz))
        .route("/readyz", web::get().to(readyz))
        .route("/metrics", web::get().to(metrics))
        .route("/whoami", web::get().to(whoami));
}

async fn healthz() -> &'static str {
    "ok\n"
}

async fn readyz(admin: web::Data<Admin>) -> HttpResponse {
    let ready = if admin.stop.is_cancelled() { Err("stopping".into()) } else { (admin.ready)() };
    match ready {
        Ok(()) => HttpResponse::Ok().body("ready\n"),
        Err(missing) => HttpResponse::ServiceUnavailable().body(format!("{missing}\n")),
    }
}

async fn metrics(request: HttpRequest, admin: web::Data<Admin>) -> HttpResponse {
    let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let open = accept.is_some_and(|accept| accept.contains("application/openmetrics-text"));
    let (format, metrics) = if open {
        let format = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        (format, admin.metrics.encode())
    } else {
        ("text/plain; version=0.0.4; charset=utf-8", admin.metrics.encode_plain())
    };
    match metrics {
        Ok(text) => HttpResponse::Ok().insert_header((header::CONTENT_TYPE, format)).body(text),
        Err(error) => HttpResponse::InternalServerError().body(format!("{error}\n")),
    }
}

async fn whoami(admin: web::Data<Admin>) -> web::Json<WhoAmI> {
    web::Json(admin.whoami.clone())
}
