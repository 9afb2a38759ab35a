//! Passing a request on to an upstream.
//!
//! As long as nothing has been sent to the client, another task may be tried; so the start of a
//! response is [buffered](server::buffer). Rallies are safe to repeat: one that no client has seen is
//! only one more rally. Bodies of requests are not passed on, since no upstream reads any.

use std::net::SocketAddr;

use actix_web::http::header::ALLOW;
use actix_web::http::{self, StatusCode};
use actix_web::{HttpRequest, HttpResponse, Responder, web};
use client::endpoint::Endpoint;
use client::endpoints::Endpoints;
use client::fault::Fault;
use hyper::Method;
use hyper::header::HeaderMap;
use hyper::http::uri::PathAndQuery;
use protocol::headers::PROXY;
use protocol::timing::{HEAD_PATIENCE, RESPOND_BY, UPSTREAM_TOTAL};
use server::accept::preferred;
use server::streams;
use tokio::time::Instant;

use crate::headers;
use crate::health;
use crate::no_scoreboard;
use crate::routes::{NOT_FOUND, Route};
use crate::state::Proxy;
use crate::upstream_response::UpstreamResponse;

/// The media types of `/`: those of a rally, then that of the page.
const ROOT_TYPES: [&str; 4] =
    ["text/plain", "application/json", "application/x-ndjson", "text/html"];

/// Answers every request to the public port.
pub(crate) async fn handle(request: HttpRequest, proxy: web::Data<Proxy>) -> impl Responder {
    let response = forward(&request, &proxy).await;
    response.customize().insert_header((PROXY, proxy.node.as_str()))
}

async fn forward(request: &HttpRequest, proxy: &Proxy) -> HttpResponse {
    let prefers_html = ROOT_TYPES[preferred(request, &ROOT_TYPES)] == "text/html";
    let Some(route) = Route::find(request.uri().path(), prefers_html) else {
        return HttpResponse::NotFound().body(NOT_FOUND);
    };
    let allow = route.allow();
    let method = match *request.method() {
        http::Method::GET => Method::GET,
        http::Method::HEAD if allow.contains("HEAD") => Method::HEAD,
        http::Method::OPTIONS => {
            return HttpResponse::NoContent().insert_header((ALLOW, allow)).finish();
        }
        _ => {
            let refusal = format!("method not allowed; allowed: {allow}\n");
            return HttpResponse::MethodNotAllowed().insert_header((ALLOW, allow)).body(refusal);
        }
    };
    let upstream = match &route {
        Route::Health => return health::respond(proxy).await,
        // Whoever only wants to know whether there would be a rally changes no score.
        Route::Rally if method == Method::HEAD => return health::head_of_rally(proxy).await,
        Route::Rally => &proxy.managers,
        Route::Page | Route::Scoreboard(_) => &proxy.scoreboards,
    };
    let query = request.uri().query();
    if route.is_stream(query)
        && let Some(refusal) = streams::refuse(request)
    {
        return refusal;
    }
    let Ok(target) = route.target(query) else {
        return HttpResponse::BadRequest().body("invalid query\n");
    };
    // A proxy that has just started knows nobody yet.
    upstream.first_lookup(RESPOND_BY).await;
    // Kept until the response begins: one that is slow on purpose does not delay other requests.
    let _permit = proxy.upstream_permits.acquire().await;
    let upstream_request = UpstreamRequest {
        proxy,
        upstream,
        method,
        target,
        route,
        headers: headers::request(request, &proxy.node),
        give_up_at: Instant::now() + UPSTREAM_TOTAL,
    };
    upstream_request.send().await
}

/// A request on its way to an upstream.
struct UpstreamRequest<'a> {
    proxy: &'a Proxy,
    upstream: &'a Endpoints,
    method: Method,
    route: Route,
    /// The path on the upstream, and the query.
    target: PathAndQuery,
    headers: HeaderMap,
    /// When no other task is tried any more.
    give_up_at: Instant,
}

impl UpstreamRequest<'_> {
    /// Tries one task after another until one answers.
    async fn send(&self) -> HttpResponse {
        let endpoints = self.upstream;
        let mut tried: Vec<SocketAddr> = Vec::new();
        let mut faults = Vec::new();
        let mut refusal = None;
        while Instant::now() < self.give_up_at
            && let Some(endpoint) = endpoints.next(&tried)
        {
            let address = endpoint.address;
            tried.push(address);
            match self.try_endpoint(&endpoint, &tried).await {
                // A task that is stopping, at its limit or without players; another may do better.
                Ok(response) if response.status() == StatusCode::SERVICE_UNAVAILABLE => {
                    refusal = Some(response);
                }
                Ok(response) => {
                    endpoints.answered(address);
                    return response.into_response(self.proxy);
                }
                Err(fault) => {
                    self.proxy.record_fault(self.upstream, address, fault);
                    faults.push((address, fault));
                }
            }
        }
        match refusal {
            Some(response) => response.into_response(self.proxy),
            None => {
                let (status, reason) = no_answer(self.upstream.service(), &faults);
                match self.route {
                    Route::Page => no_scoreboard::page(status, &reason),
                    _ => HttpResponse::build(status).body(reason),
                }
            }
        }
    }

    /// Tries one task, once. While there is another one, it has not much longer than usual to begin.
    async fn try_endpoint(
        &self,
        endpoint: &Endpoint,
        tried: &[SocketAddr],
    ) -> Result<UpstreamResponse, Fault> {
        let begun = Instant::now();
        let limits = (HEAD_PATIENCE, RESPOND_BY.min(self.give_up_at.duration_since(begun)));
        let (method, target) = (self.method.clone(), self.target.clone());
        let response = endpoint.forward(method, target, self.headers.clone());
        let address = endpoint.address;
        let (response, _) = self.upstream.wait_for(address, tried, limits, response).await;
        let response = response?;
        let timer = match self.route {
            Route::Rally => self
                .proxy
                .rally_timer(response.headers(), begun)
                .filter(|_| response.status().is_success()),
            Route::Health | Route::Page | Route::Scoreboard(_) => None,
        };
        UpstreamResponse::read(response, timer).await
    }
}

/// Returns the status and the reason when no task of a service answered: what was tried, and what came
/// back.
fn no_answer(service: &str, faults: &[(SocketAddr, Fault)]) -> (StatusCode, String) {
    let late = !faults.is_empty() && faults.iter().all(|(_, fault)| *fault == Fault::Timeout);
    let status = if late { StatusCode::GATEWAY_TIMEOUT } else { StatusCode::BAD_GATEWAY };
    let tried: Vec<String> =
        faults.iter().map(|(address, fault)| format!("{address}: {fault}")).collect();
    let tried = if tried.is_empty() { "no address in DNS".to_owned() } else { tried.join(", ") };
    (status, format!("no {service} answered ({tried})\n"))
}
