//! The system's resolver where there is no resolv.conf: what the operating system offers.

use std::net::SocketAddr;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::{LookupCause, LookupError, Resolve};

/// The system's resolver.
#[derive(Debug)]
pub struct SystemResolver;

impl SystemResolver {
    /// Returns the resolver of this process.
    #[must_use]
    pub fn shared() -> Arc<Self> {
        Arc::new(Self)
    }
}

impl Resolve for SystemResolver {
    fn resolve<'a>(
        &'a self,
        target: &'a str,
    ) -> BoxFuture<'a, Result<Vec<SocketAddr>, LookupError>> {
        Box::pin(async move {
            let found = tokio::net::lookup_host(target).await;
            let failure = LookupError { cause: LookupCause::NoSuchName, server: None };
            found.map(Iterator::collect).map_err(|_| failure)
        })
    }
}
