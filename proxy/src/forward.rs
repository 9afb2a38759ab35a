//! Passing a request on, and the answer back.
//!
//! As long as nothing has been sent to the client, another task may be tried; so the first moments
//! of an answer are [held](court::held) back. Rallies are safe to repeat: one that no client has
//! seen is only one more rally. Bodies of requests are not passed on, since nothing behind reads
//! any.

use std::net::SocketAddr;
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, Accept, Header};
use actix_web::{HttpRequest, HttpResponse, Responder, web};
use court::fault::Fault;
use court::headers::PROXY;
use court::held::PATIENCE;
use court::url::url;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method};
use tokio::time::{Instant, timeout, timeout_at};

use crate::answer::Answer;
use crate::destination::Destination;
use crate::headers;
use crate::service::{Proxy, Upstream};

/// How long an upstream may take to begin an answer; a manager needs 4 s at most for a first
/// stroke, however its players fail.
const BEGIN: Duration = Duration::from_secs(5);

/// How long all that are tried may take together, so that two may hang and a client still gets its
/// answer, and no number of them keeps it waiting longer.
const GIVE_UP: Duration = Duration::from_secs(10);

/// How long a request waits for its turn; then it goes out of turn, since something behind hangs.
const QUEUE: Duration = Duration::from_secs(1);

/// Answers every request to the public port.
pub(crate) async fn forward(
    request: HttpRequest,
    proxy: web::Data<Proxy>,
    client: web::Data<Client>,
) -> impl Responder {
    let answer = pass_on(&request, &proxy, &client).await;
    answer.customize().insert_header((PROXY, proxy.me.node.as_str()))
}

async fn pass_on(request: &HttpRequest, proxy: &Proxy, client: &Client) -> HttpResponse {
    let Some(destination) = Destination::find(request.uri().path(), prefers_html(request)) else {
        return HttpResponse::NotFound().body("nothing here; / and /rally play a rally\n");
    };
    let upstream = match &destination {
        // While there is no scoreboard, a rally is better than an error.
        Destination::Page if proxy.scoreboards.roster.count().0 == 0 => &proxy.managers,
        Destination::Rally => &proxy.managers,
        Destination::Page | Destination::Scoreboard(_) => &proxy.scoreboards,
    };
    // Held until the answer begins; what is slow on purpose takes no turn from others.
    let _turn = timeout(QUEUE, proxy.turns.acquire()).await;
    let errand = Errand {
        method: request.method().as_str().parse().unwrap_or(Method::GET),
        destination,
        query: request.uri().query().map(str::to_owned),
        headers: headers::request(request, &proxy.me.node),
        deadline: Instant::now() + PATIENCE,
    };
    errand.run(proxy, upstream, client).await
}

fn prefers_html(request: &HttpRequest) -> bool {
    let preference = || Some(Accept::parse(request).ok()?.preference());
    request.headers().contains_key(ACCEPT)
        && preference().is_some_and(|kind| kind.essence_str() == "text/html")
}

/// Holds a request on its way to an upstream.
struct Errand {
    method: Method,
    destination: Destination,
    query: Option<String>,
    headers: HeaderMap,
    /// Until when the beginning of the answer is held back.
    deadline: Instant,
}

impl Errand {
    /// Tries one task after another until one answers.
    async fn run(&self, proxy: &Proxy, upstream: &Upstream, client: &Client) -> HttpResponse {
        let mut tried: Vec<SocketAddr> = Vec::new();
        let mut faults = Vec::new();
        let mut refusal = None;
        let give_up = Instant::now() + GIVE_UP;
        while Instant::now() < give_up
            && let Some(address) = upstream.roster.next(&tried)
        {
            tried.push(address);
            let deadline = give_up.min(Instant::now() + BEGIN);
            match self.ask(proxy, client, address, deadline).await {
                // A task that is stopping, full or without players; another may be better off.
                Ok(answer) if answer.status() == StatusCode::SERVICE_UNAVAILABLE => {
                    refusal = Some(answer);
                }
                Ok(answer) => {
                    upstream.roster.answered(address);
                    return answer.pass_back(proxy);
                }
                Err(fault) => {
                    proxy.fault(upstream, address, fault);
                    faults.push((address, fault));
                }
            }
        }
        match refusal {
            Some(answer) => answer.pass_back(proxy),
            None => nobody(upstream.service, &faults),
        }
    }

    /// Tries one task, once, and waits for it until the deadline.
    async fn ask(
        &self,
        proxy: &Proxy,
        client: &Client,
        address: SocketAddr,
        deadline: Instant,
    ) -> Result<Answer, Fault> {
        let mut url = url(address);
        url.set_path(self.destination.path());
        url.set_query(self.query.as_deref());
        let request = client.request(self.method.clone(), url).headers(self.headers.clone());
        let begun = Instant::now();
        let answer = timeout_at(deadline, request.send()).await.map_err(|_| Fault::Timeout)??;
        let timed = match self.destination {
            Destination::Rally => proxy.timed(&answer, begun),
            _ => None,
        };
        Answer::read(answer, self.deadline, timed).await
    }
}

/// Says that no task of a service answered, what was tried and what came back.
fn nobody(service: &str, faults: &[(SocketAddr, Fault)]) -> HttpResponse {
    let late = !faults.is_empty() && faults.iter().all(|(_, fault)| *fault == Fault::Timeout);
    let tried: Vec<String> =
        faults.iter().map(|(address, fault)| format!("{address}: {fault}")).collect();
    let tried = match tried.as_slice() {
        [] => "discovery knows no address".to_owned(),
        tried => tried.join(", "),
    };
    let status = if late { StatusCode::GATEWAY_TIMEOUT } else { StatusCode::BAD_GATEWAY };
    HttpResponse::build(status).body(format!("no {service} answered ({tried})\n"))
}
