//! Looking names up.

use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;

use futures_util::future::BoxFuture;
use protocol::timing::LAST_KNOWN_TTL;
use tokio::time::Instant;

/// A resolver of `HOST:PORT` to all its addresses.
pub trait Resolve: Send + Sync {
    /// Looks up one `HOST:PORT`.
    fn resolve<'a>(&'a self, target: &'a str) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>>;
}

/// The system's resolver, as `/etc/resolv.conf` and `/etc/hosts` configure it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve<'a>(&'a self, target: &'a str) -> BoxFuture<'a, io::Result<Vec<SocketAddr>>> {
        Box::pin(async move { Ok(tokio::net::lookup_host(target).await?.collect()) })
    }
}

/// Each name's last answer and when it came.
#[derive(Default)]
pub(crate) struct LastKnown(HashMap<String, (Instant, Vec<SocketAddr>)>);

impl LastKnown {
    /// Returns the new answer in a fixed order, or the last one for a while if there is none.
    pub(crate) fn update(
        &mut self,
        target: &str,
        answer: Option<Vec<SocketAddr>>,
    ) -> Vec<SocketAddr> {
        if let Some(mut addresses) = answer {
            // Resolvers rotate or sort as they like; turns need one order.
            addresses.sort_unstable();
            self.0.insert(target.to_owned(), (Instant::now(), addresses.clone()));
            return addresses;
        }
        match self.0.get(target) {
            Some((when, addresses)) if when.elapsed() < LAST_KNOWN_TTL => addresses.clone(),
            _ => Vec::new(),
        }
    }
}
