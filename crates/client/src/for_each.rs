//! One future for each endpoint.

use std::collections::HashSet;

use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt, StreamExt};

use crate::endpoint::Endpoint;
use crate::endpoints::Endpoints;

impl Endpoints {
    /// Runs `task` for each endpoint that `select` returns, and again when it has ended and the
    /// endpoint is still selected; looks again at every change. Never returns.
    ///
    /// A task goes on when its endpoint is no longer selected: it ends by itself, since only it
    /// knows what is still to be done. One that is to end with its listing waits for
    /// [`removed`](Self::removed) as well.
    pub async fn for_each<F: Future<Output = ()> + Send>(
        &self,
        select: impl Fn(&Self) -> Vec<Endpoint>,
        task: impl Fn(Endpoint) -> F,
    ) {
        let mut revision = self.subscribe();
        let mut running = HashSet::new();
        let mut tasks = FuturesUnordered::new();
        loop {
            revision.mark_unchanged();
            for endpoint in select(self) {
                let address = endpoint.address;
                if running.insert(address) {
                    let task = task(endpoint);
                    // Boxed, so that the set is compiled once and not for each kind of task.
                    tasks.push(task.map(move |()| address).boxed());
                }
            }
            tokio::select! {
                // The sender lives as long as `self`.
                _ = revision.changed() => {}
                Some(address) = tasks.next() => {
                    running.remove(&address);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::Duration;

    use parking_lot::Mutex;
    use tokio::time::{Instant, sleep, timeout};

    use super::*;
    use crate::endpoint::Peer;

    fn addresses<const N: usize>(last: [u8; N]) -> [SocketAddr; N] {
        last.map(|n| ([10, 0, 9, n], 3001).into())
    }

    /// Runs a task that takes a second for each listed endpoint; returns when each one began.
    async fn begun(endpoints: &Endpoints, change: impl Future<Output = ()>) -> Vec<(u8, u128)> {
        let (start, begun) = (Instant::now(), Mutex::new(Vec::new()));
        let tasks = endpoints.for_each(Endpoints::listed, async |endpoint| {
            let last = endpoint.address.to_string().as_bytes()[7] - b'0';
            begun.lock().push((last, start.elapsed().as_millis()));
            sleep(Duration::from_secs(1)).await;
        });
        let both = async { tokio::join!(tasks, change) };
        let _ = timeout(Duration::from_millis(2100), both).await;
        begun.into_inner()
    }

    #[tokio::test(start_paused = true)]
    async fn each_endpoint_has_one_task_that_begins_again_when_it_has_ended() {
        let endpoints = Endpoints::new(Peer::Any);
        endpoints.update(&addresses([1, 2]));
        let mut sorted = begun(&endpoints, async {}).await;
        sorted.sort_by_key(|(last, at)| (*at, *last));
        assert_eq!(sorted, [(1, 0), (2, 0), (1, 1000), (2, 1000), (1, 2000), (2, 2000)]);
    }

    #[tokio::test(start_paused = true)]
    async fn new_endpoints_begin_at_once_and_removed_ones_do_not_begin_again() {
        let endpoints = Endpoints::new(Peer::Any);
        endpoints.update(&addresses([1]));
        let change = async {
            sleep(Duration::from_millis(300)).await;
            endpoints.update(&addresses([2]));
        };
        let begun = begun(&endpoints, change).await;
        assert_eq!(begun, [(1, 0), (2, 300), (2, 1300)]);
    }
}
