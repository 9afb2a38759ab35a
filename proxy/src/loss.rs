//! How many packets are lost on each path: datagrams that nobody sends again, counted by the proxy that
//! they are sent to.
//!
//! TCP hides loss by sending again, so a probe does not show it. The counts come back in the answers,
//! so what was lost on the way there is told from what was lost on the way back, and nothing depends on
//! a time-out: a datagram that waits until a busy process runs is not lost. The port has the number of
//! the admin port.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

use parking_lot::Mutex;
use protocol::probe::PathLoss;
use tokio::net::UdpSocket;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, sleep_until};
use tracing::warn;

pub mod datagram;
mod evidence;
mod received;
mod sent;

use datagram::{Datagram, LENGTH};
use received::Received;
pub(crate) use sent::News;
use sent::Sent;
#[cfg(test)]
pub(crate) use sent::{DATAGRAMS_PER_ANSWER, DATAGRAMS_PER_LARGE};

/// Interval between datagrams to each proxy, varied by a fifth.
pub(crate) const DATAGRAM_INTERVAL: Duration = Duration::from_millis(700);

/// How late a datagram may be sent. When it is later, this process did not run, and some of those for
/// it may have found no room to wait in: Linux keeps 212,992 bytes, and a node among 200 gets some
/// 50,000 a second, as the kernel counts.
const LATE: Duration = Duration::from_secs(1);

/// How long to wait after an error of the system.
const ERROR_PAUSE: Duration = Duration::from_millis(100);

/// The length of the longest datagram: less than a jumbo packet takes.
const MAX_LENGTH: usize = 9_100;

/// The loss on the paths of one proxy.
#[derive(Debug)]
pub(crate) struct Losses {
    /// None if there is no port.
    key: Option<u64>,
    paths: Mutex<HashMap<SocketAddr, Sent>>,
    /// Notified when a large datagram was lost.
    large_lost: Notify,
}

impl Losses {
    /// Makes those of a proxy with this admin port, and binds the port for its datagrams.
    pub(crate) fn bind(admin: SocketAddr) -> (Self, Option<UdpSocket>) {
        let bound = std::net::UdpSocket::bind(admin).and_then(|socket| {
            socket.set_nonblocking(true)?;
            UdpSocket::from_std(socket)
        });
        let socket = bound.inspect_err(|error| {
            warn!(port = %format!("{}/udp", admin.port()), %error, "loss is not measured: free the port");
        });
        let socket = socket.ok();
        let key = socket.as_ref().map(|_| rand::random());
        (Self { key, paths: Mutex::default(), large_lost: Notify::new() }, socket)
    }

    /// Returns what datagrams to this process must bear, which others learn from its answers to probes.
    pub(crate) const fn key(&self) -> Option<u64> {
        self.key
    }

    /// Takes note of the key of the proxy at an address, and of how long a large datagram to it is.
    pub(crate) fn learn(&self, address: SocketAddr, key: u64, large_length: usize) {
        let length = large_length.min(MAX_LENGTH);
        let mut paths = self.paths.lock();
        paths.entry(address).or_insert_with(|| Sent::new(key, length)).update(key, length);
    }

    /// Returns what is known of the path to an address, and takes what is new.
    pub(crate) fn take(&self, address: SocketAddr) -> (Option<PathLoss>, News) {
        let mut paths = self.paths.lock();
        let known = paths.get_mut(&address).map(|sent| (sent.loss(), sent.take_news()));
        known.unwrap_or_default()
    }

    /// Waits until a large datagram to an address was lost.
    pub(crate) async fn large_lost(&self, address: SocketAddr) {
        loop {
            let notified = self.large_lost.notified();
            if self.paths.lock().get_mut(&address).is_some_and(Sent::take_large_lost) {
                return;
            }
            notified.await;
        }
    }

    /// Sends and answers datagrams; never returns.
    pub(crate) async fn run(&self, socket: &UdpSocket, targets: watch::Receiver<Vec<SocketAddr>>) {
        let begun = Instant::now();
        let now = || begun.elapsed().as_micros() as u32;
        let mut received = Received::new(self.key.unwrap_or_default());
        let mut buffer = vec![0; MAX_LENGTH];
        let mut due = Instant::now();
        loop {
            tokio::select! {
                // So that it is known first whether this process ran.
                biased;
                () = sleep_until(due) => {
                    if due.elapsed() > LATE {
                        received.clear();
                    }
                    received.expire();
                    self.send(socket, &targets.borrow(), now());
                    let pause = DATAGRAM_INTERVAL.mul_f64(0.8 + 0.4 * rand::random::<f64>());
                    due = Instant::now() + pause;
                }
                datagram = socket.recv_from(&mut buffer) => match datagram {
                    Ok((length, from)) => {
                        let answer = self.receive(&mut received, from, &buffer[..length], now());
                        if let Some(answer) = answer {
                            // One that cannot be sent is lost.
                            let _ = socket.try_send_to(&answer, from);
                        }
                    }
                    Err(_) => sleep(ERROR_PAUSE).await,
                }
            }
        }
    }

    /// Sends a datagram to each target whose key is known, and forgets the others.
    fn send(&self, socket: &UdpSocket, targets: &[SocketAddr], now: u32) {
        let mut paths = self.paths.lock();
        paths.retain(|address, _| targets.contains(address));
        for (address, sent) in paths.iter_mut() {
            let (datagram, is_large) = sent.next(now);
            // What never left this process is no loss of the network.
            if socket.try_send_to(&datagram, *address).is_ok() {
                sent.record(is_large);
            }
        }
    }

    /// Counts a datagram, or evaluates what others have counted; returns what to answer.
    fn receive(
        &self,
        received: &mut Received,
        from: SocketAddr,
        datagram: &[u8],
        now: u32,
    ) -> Option<Vec<u8>> {
        match Datagram::parse(datagram)? {
            Datagram::Request(request) => {
                let answer = received.count(from, &request, datagram.len() > LENGTH, now)?;
                Some(answer.encode())
            }
            Datagram::Answer(answer) => {
                if self.paths.lock().get_mut(&from).is_some_and(|sent| sent.answered(answer)) {
                    self.large_lost.notify_waiters();
                }
                None
            }
        }
    }
}

#[cfg(test)]
mod tests;
