//! An attack: many connections that do the same for a while.

use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::thread::{JoinHandle, spawn};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// An attack on one service.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    pub(crate) service: &'static str,
    pub(crate) connections: usize,
    /// What one connection does, if it was accepted; it is held until the attack is over.
    pub(crate) one: fn(Attacker) -> BoxFuture<'static, std::io::Result<Attacker>>,
}

/// One attacking connection.
pub(crate) struct Attacker {
    pub(crate) stream: TcpStream,
    sent: Arc<AtomicU64>,
}

impl Attacker {
    /// Sends bytes, and counts them.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.sent.fetch_add(bytes.len() as u64, Relaxed);
        Ok(())
    }
}

impl Attack {
    /// Begins the attack; its thread ends after `time` with the number of connections that were
    /// accepted and of bytes that were sent.
    pub(crate) fn start(&self, address: SocketAddr, time: Duration) -> JoinHandle<(usize, u64)> {
        let (connections, one) = (self.connections, self.one);
        spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let accepted = Arc::new(AtomicUsize::new(0));
            let sent = Arc::new(AtomicU64::new(0));
            runtime.expect("a runtime").block_on(async {
                let tasks: JoinSet<()> = (0..connections)
                    .map(|_| attack(address, one, Arc::clone(&accepted), Arc::clone(&sent)))
                    .collect();
                let _ = timeout(time, tasks.join_all()).await;
            });
            (accepted.load(Relaxed), sent.load(Relaxed))
        })
    }
}

async fn attack(
    address: SocketAddr,
    one: fn(Attacker) -> BoxFuture<'static, std::io::Result<Attacker>>,
    accepted: Arc<AtomicUsize>,
    sent: Arc<AtomicU64>,
) {
    let Ok(stream) = TcpStream::connect(address).await else { return };
    accepted.fetch_add(1, Relaxed);
    // What it still holds is given back when the attack is over.
    let _held = one(Attacker { stream, sent }).await;
    pending::<()>().await;
}
