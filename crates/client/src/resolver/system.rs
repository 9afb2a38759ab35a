//! The system's resolver, as resolv.conf and the hosts file configure it.
//!
//! It is not the C library's: musl's keeps 48 addresses of an answer, and no C library tells a name
//! that does not exist from a server that fails, or takes less than 5 s for a server that is silent.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, LazyLock};

use futures_util::future::BoxFuture;
use hickory_proto::op::Query;
use hickory_proto::rr::RecordType;
use parking_lot::Mutex;
use protocol::timing::LOOKUP_TIMEOUT;
use tokio::time::Instant;

use super::config::{Config, ConfigFiles};
use super::exchange::ask;
use super::{LookupCause, LookupError, Resolve};

static SHARED: LazyLock<Arc<SystemResolver>> = LazyLock::new(|| {
    let [resolv_conf, hosts] = ["/etc/resolv.conf", "/etc/hosts"].map(Path::new);
    Arc::new(SystemResolver::new(resolv_conf, hosts, 53))
});

/// The system's resolver, without a cache.
#[derive(Debug)]
pub struct SystemResolver(Mutex<ConfigFiles>);

impl SystemResolver {
    pub(super) fn new(resolv_conf: &Path, hosts: &Path, port: u16) -> Self {
        Self(Mutex::new(ConfigFiles::new(resolv_conf, hosts, port)))
    }

    /// Returns the resolver of this process.
    #[must_use]
    pub fn shared() -> Arc<Self> {
        Arc::clone(&SHARED)
    }

    async fn look_up(&self, target: &str) -> Result<Vec<SocketAddr>, LookupError> {
        if let Ok(address) = target.parse() {
            return Ok(vec![address]);
        }
        let parts =
            target.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
        let Some((host, port)) = parts else {
            return Err(LookupError { cause: LookupCause::NoSuchName, server: None });
        };
        let config = self.0.lock().current();
        let addresses = match config.in_hosts(host) {
            Some(addresses) => addresses.to_vec(),
            None => search(&config, host).await?,
        };
        Ok(addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect())
    }
}

impl Resolve for SystemResolver {
    fn resolve<'a>(
        &'a self,
        target: &'a str,
    ) -> BoxFuture<'a, Result<Vec<SocketAddr>, LookupError>> {
        Box::pin(self.look_up(target))
    }
}

/// Asks for the names that a host may mean, up to the first that has addresses. A failure ends the
/// search, since another name might be found that was not meant.
async fn search(config: &Config, host: &str) -> Result<Vec<IpAddr>, LookupError> {
    let deadline = Instant::now() + LOOKUP_TIMEOUT;
    let mut servers = config.servers.clone();
    let mut failure = LookupError { cause: LookupCause::NoSuchName, server: None };
    if servers.is_empty() {
        return Err(LookupError { cause: LookupCause::NoServer, ..failure });
    }
    for name in config.candidates(host) {
        let question = Query::query(name.clone(), RecordType::A);
        match ask(&mut servers, &question, deadline).await {
            Ok(addresses) if !addresses.is_empty() => return Ok(addresses),
            // Tasks that have both kinds of address are listed once, and a server that fails with
            // AAAA does no harm where there is IPv4.
            Ok(_) => {
                let question = Query::query(name, RecordType::AAAA);
                match ask(&mut servers, &question, deadline).await {
                    Ok(addresses) if !addresses.is_empty() => return Ok(addresses),
                    Ok(_) => {
                        let server = servers.first().copied();
                        failure = LookupError { cause: LookupCause::NoAddresses, server };
                    }
                    Err(error) => failure = error,
                }
            }
            Err(error) if error.cause != LookupCause::NoSuchName => return Err(error),
            Err(error) if failure.server.is_none() => failure = error,
            Err(_) => {}
        }
    }
    Err(failure)
}
