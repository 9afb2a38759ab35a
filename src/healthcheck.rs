//! The health check of a container that has no curl.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use clap::Args;
use client::fault::Fault;
use client::http::get;
use hyper::{StatusCode, Uri};
use server::address::parse_address;
use server::duration::{InvalidDuration, parse_duration};
use tokio::time::{Instant, sleep_until, timeout_at};

/// How long one request may take before the service is asked again.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// How many requests in a row a service may leave without an answer. One that starts is not there yet and
/// refuses them instead, and the admin port answers however much the public one has to do.
const MAX_UNANSWERED: u32 = 2;

/// The pause after a request that failed at once.
const PAUSE: Duration = Duration::from_millis(500);

/// The options of the health check.
#[derive(Args, Clone, Copy, Debug)]
pub struct HealthcheckOptions {
    /// Address to ask; an unspecified one such as 0.0.0.0 is asked on loopback [default: where the
    /// service in this container was told to listen]
    #[arg(long, env = "PONG_ADMIN", value_name = "ADDRESS:PORT", value_parser = parse_address)]
    pub admin: Option<SocketAddr>,

    /// How long a service that is starting or busy is asked again, up to 1h: Docker kills what is unhealthy, and
    /// on a slow node a second check costs more than the wait
    #[arg(long, env = "PONG_TIMEOUT", value_name = "TIME", default_value = "30s",
        value_parser = parse_timeout)]
    pub timeout: Duration,
}

fn parse_timeout(text: &str) -> Result<Duration, InvalidDuration> {
    parse_duration(text, Duration::ZERO, Duration::from_secs(3600))
}

/// The error returned when the service did not answer, with what came back instead.
#[derive(Debug, thiserror::Error)]
#[error("unhealthy: http://{0}/healthz: {1}")]
pub struct UnhealthyError(SocketAddr, String);

/// Asks the service whether it answers at all, again until `timeout`.
///
/// # Errors
///
/// [`UnhealthyError`], with what came back the last time.
pub async fn run(address: SocketAddr, timeout: Duration) -> Result<(), UnhealthyError> {
    let address = reachable(address);
    let uri = format!("http://{address}/healthz").try_into();
    let uri: Uri = uri.expect("an address is valid in a URI");
    let deadline = Instant::now() + timeout;
    let mut came_back = Fault::Timeout.to_string();
    let mut unanswered = 0;
    loop {
        let asked = Instant::now();
        let until = deadline.min(asked + REQUEST_TIMEOUT);
        came_back = match timeout_at(until, get(uri.clone())).await {
            Ok(Ok(response)) if response.status() == StatusCode::OK => return Ok(()),
            Ok(Ok(response)) => response.status().to_string(),
            Ok(Err(fault)) => fault.to_string(),
            // The last request may have had no time; what came back before says more.
            Err(_) if until == deadline => came_back,
            Err(_) => {
                unanswered += 1;
                Fault::Timeout.to_string()
            }
        };
        let next = deadline.min(asked + PAUSE);
        sleep_until(next).await;
        // Not earlier: the start period of stack.yml is as long as a check that fails.
        if next == deadline || unanswered == MAX_UNANSWERED {
            return Err(UnhealthyError(address, came_back));
        }
    }
}

/// Returns an address that can be connected to.
const fn reachable(address: SocketAddr) -> SocketAddr {
    let loopback = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(loopback, address.port())
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_service_that_never_answers_is_asked_twice() {
        // The kernel accepts for it, as for a process that is stopped.
        let frozen = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = frozen.local_addr().expect("bound");
        let asked = Instant::now();
        let unhealthy = run(address, Duration::from_secs(30)).await.expect_err("no answer");
        assert_eq!(asked.elapsed().as_secs(), 20, "{unhealthy}");
    }
}
