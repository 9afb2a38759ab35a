//! `/healthz` of the public port: whether this proxy runs and a manager answers, so that a load
//! balancer or a monitor need not play a rally to know; and HEAD for a rally, which says the same.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::body::None;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, ContentType, HeaderValue};
use client::fault::Fault;
use tokio::time::{Instant, timeout_at};

use crate::state::Proxy;

/// How long it may take to find a manager that answers: less than the 2 s that haproxy waits.
const DEADLINE: Duration = Duration::from_secs(1);

/// How long an outcome counts, so that managers are asked five times a second however many monitors
/// there are.
const FRESH: Duration = Duration::from_millis(200);

/// Responds 200, or 503 with what is missing.
pub(crate) async fn respond(proxy: &Proxy) -> HttpResponse {
    let mut response = match check(proxy).await {
        Ok(()) => HttpResponse::Ok().body("ok\n"),
        Err(missing) => HttpResponse::ServiceUnavailable().body(missing + "\n"),
    };
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// Responds to HEAD for a rally, which is not played: 200 if a manager answers, or 503.
pub(crate) async fn head_of_rally(proxy: &Proxy) -> HttpResponse {
    let is_well = check(proxy).await.is_ok();
    HttpResponse::build(if is_well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE })
        .content_type(ContentType::plaintext())
        .insert_header((CACHE_CONTROL, "no-store"))
        // The length of a rally is not known.
        .body(None::new())
}

async fn check(proxy: &Proxy) -> Result<(), String> {
    if proxy.shutdown.is_cancelled() {
        return Err("stopping".to_owned());
    }
    // Held while managers are asked: whoever comes meanwhile gets the same outcome.
    let mut last = proxy.health.lock().await;
    if let Some((_, outcome)) = last.as_ref().filter(|(found, _)| found.elapsed() < FRESH) {
        return outcome.clone();
    }
    let outcome = find_manager(proxy).await;
    *last = Some((Instant::now(), outcome.clone()));
    outcome
}

/// Asks one manager after another until one answers.
async fn find_manager(proxy: &Proxy) -> Result<(), String> {
    let managers = &proxy.managers;
    let deadline = Instant::now() + DEADLINE;
    let mut tried = Vec::new();
    while Instant::now() < deadline
        && let Some(manager) = managers.next(&tried)
    {
        let answer = timeout_at(deadline, manager.greet()).await;
        match answer.unwrap_or(Err(Fault::Timeout)) {
            Ok(()) => {
                managers.answered(manager.address);
                return Ok(());
            }
            Err(fault) => proxy.record_fault(&proxy.managers, manager.address, fault),
        }
        tried.push(manager.address);
    }
    let addresses = tried.len();
    Err(format!("no manager reachable ({addresses} tried)"))
}
