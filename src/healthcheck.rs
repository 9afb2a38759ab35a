//! The health check of a container that has no curl.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use clap::Args;
use court::client::client;
use reqwest::StatusCode;
use tokio::time::{Instant, sleep_until, timeout_at};

/// How long a service may take to answer. A busy one is asked again until then: Docker kills what
/// is unhealthy, and busy is not.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long one question may take before it is asked anew.
const ONE_QUESTION: Duration = Duration::from_millis(900);

/// The pause after a question that failed at once.
const PAUSE: Duration = Duration::from_millis(100);

/// Holds where to ask.
#[derive(Args, Clone, Copy, Debug)]
pub struct HealthcheckOptions {
    /// The service's admin address; an unspecified one such as 0.0.0.0 is asked on loopback
    #[arg(long, env = "PONG_ADMIN", value_name = "ADDRESS:PORT", default_value = "0.0.0.0:3001")]
    pub admin: SocketAddr,
}

/// Says what the service did instead of answering.
#[derive(Debug, thiserror::Error)]
#[error("unhealthy: http://{0}/healthz: {1}")]
pub struct Unhealthy(SocketAddr, String);

/// Asks the service for up to two seconds whether it answers at all.
///
/// # Errors
///
/// [`Unhealthy`], with what came back the last time.
pub async fn run(options: HealthcheckOptions) -> Result<(), Unhealthy> {
    let address = reachable(options.admin);
    let client = client();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let asked = Instant::now();
        let until = deadline.min(asked + ONE_QUESTION);
        let question = client.get(format!("http://{address}/healthz")).send();
        let came_back = match timeout_at(until, question).await {
            Ok(Ok(answer)) if answer.status() == StatusCode::OK => return Ok(()),
            Ok(Ok(answer)) => answer.status().to_string(),
            Ok(Err(error)) => court::fault::Fault::from(error).to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        if Instant::now() + PAUSE >= deadline {
            return Err(Unhealthy(address, came_back));
        }
        sleep_until(asked + PAUSE).await;
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
