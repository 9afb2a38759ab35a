//! Polls `/whoami` of every task that discovery lists, and `/probes` of every proxy.

use std::collections::HashSet;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use client::endpoint::Endpoint;
use client::endpoints::Endpoints;
use client::fault::Fault;
use client::fetch::fetch;
use client::rounds;
use futures_util::future::join_all;
use parking_lot::Mutex;
use protocol::node::Node;
use protocol::probe::ProbeReports;
use protocol::service::Service;
use protocol::timing::REST_INTERVAL;
use protocol::whoami::WhoAmINow;
use server::clock::unix_millis;
use tokio::sync::Semaphore;
use tokio::time::Instant;

use crate::state::State;

/// How many tasks are polled per second. Where there are more, each waits longer.
const MAX_RATE: u32 = 64;

/// How many tasks are polled at once; those that do not answer take their time.
const MAX_CONCURRENT: usize = 16;

/// Maximum size of an answer to `/whoami`, in bytes.
const MAX_WHOAMI_BYTES: usize = 4096;

/// Maximum size of a proxy's reports, in bytes: 17 reports of 16 paths with the longest names.
const MAX_REPORTS_BYTES: usize = 64 * 1024;

/// Polls every task that discovery lists, and those it listed before until they fail; never returns.
pub(crate) async fn run(state: Arc<State>, targets: Vec<Arc<Endpoints>>) {
    let in_flight = Semaphore::new(MAX_CONCURRENT);
    let polled = Mutex::default();
    let poller =
        Poller { state: &state, targets: &targets, in_flight: &in_flight, polled: &polled };
    let polling = targets.iter().map(|endpoints| {
        endpoints.for_each(Endpoints::ready, move |endpoint| poller.follow(endpoints, endpoint))
    });
    match tokio::join!(watch_listing(&state, &targets), join_all(polling)).0 {}
}

/// Has the cluster state know which addresses discovery lists, those that never answer too.
async fn watch_listing(state: &State, targets: &[Arc<Endpoints>]) -> Infallible {
    loop {
        let listed = targets.iter().flat_map(|endpoints| endpoints.listed());
        state.update(|cluster| cluster.listed(listed.map(|endpoint| endpoint.address)));
        tokio::select! {
            () = rounds::next(REST_INTERVAL) => {}
            // Managers look for players more often while these are called.
            () = state.joined() => targets.iter().for_each(|endpoints| endpoints.request_refresh()),
        }
    }
}

#[derive(Clone, Copy)]
struct Poller<'a> {
    state: &'a State,
    targets: &'a [Arc<Endpoints>],
    in_flight: &'a Semaphore,
    polled: &'a Mutex<HashSet<SocketAddr>>,
}

impl Poller<'_> {
    /// Polls a task until it is gone.
    async fn follow(self, endpoints: &Endpoints, endpoint: Endpoint) {
        let address = endpoint.address;
        if !self.polled.lock().insert(address) {
            // Two names have this address. It is polled once, and looked at again later.
            rounds::next(REST_INTERVAL).await;
            return;
        }
        while self.poll(endpoints, &endpoint).await {
            let interval = interval(self.polled.lock().len());
            tokio::select! {
                () = rounds::next(interval) => {}
                () = endpoints.removed(address), if endpoints.is_listed(address) => {}
            }
        }
        self.polled.lock().remove(&address);
    }

    /// Polls a task once; returns whether it is still there.
    async fn poll(self, endpoints: &Endpoints, endpoint: &Endpoint) -> bool {
        let address = endpoint.address;
        let _permit = self.in_flight.acquire().await;
        let (asked, begun) = (unix_millis(), Instant::now());
        let answer: Result<WhoAmINow, Fault> =
            fetch(endpoint, "/whoami", None, MAX_WHOAMI_BYTES).await;
        let is_listed = self.targets.iter().any(|endpoints| endpoints.is_listed(address));
        match answer {
            Ok(WhoAmINow { whoami, now }) => {
                endpoints.answered(address);
                let is_proxy = whoami.service == Service::Proxy;
                let (node, took) = (whoami.task.node.clone(), begun.elapsed());
                self.state.update(|cluster| {
                    cluster.task_answered(address, whoami, is_listed);
                    cluster.clock_told(&node, now, asked, took);
                });
                if is_proxy {
                    self.poll_probes(endpoint).await;
                }
                true
            }
            Err(fault) => {
                endpoints.failed(address);
                self.state.update(|cluster| {
                    cluster.task_failed(address, fault, is_listed);
                    cluster.tasks.contains(address)
                })
            }
        }
    }

    /// Asks a proxy for its report, and for those of the proxies that could not be asked themselves.
    async fn poll_probes(self, endpoint: &Endpoint) {
        let overdue = self.state.read(|cluster| cluster.probes.overdue());
        let overdue: Vec<String> = overdue.iter().map(Node::to_string).collect();
        let query = format!("nodes={}", overdue.join(","));
        let query = (!overdue.is_empty()).then_some(query.as_str());
        let answer: Result<ProbeReports, Fault> =
            fetch(endpoint, "/probes", query, MAX_REPORTS_BYTES).await;
        if let Ok(reports) = answer {
            self.state.update(|cluster| cluster.probed(endpoint.address, reports));
        }
    }
}

/// Returns the interval at which each of so many tasks is polled.
fn interval(tasks: usize) -> Duration {
    let tasks = u32::try_from(tasks).unwrap_or(u32::MAX);
    REST_INTERVAL.max(Duration::from_secs(1).saturating_mul(tasks) / MAX_RATE)
}

#[cfg(test)]
mod tests {
    use client::endpoint::Peer;
    use protocol::snapshot::TaskState;
    use server::identity::Identity;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio::time::timeout;

    use super::*;

    /// Answers every request with the identity of a task.
    async fn serve(listener: TcpListener) {
        let task = "ping.1@pi1".parse().expect("a task");
        let whoami = Identity::new(Service::Ping, task).whoami();
        let body = serde_json::to_string(&whoami).expect("plain");
        let length = body.len();
        let response =
            format!("HTTP/1.1 200 OK\r\nPong-From: ping\r\nContent-Length: {length}\r\n\r\n{body}");
        loop {
            let (mut connection, _) = listener.accept().await.expect("a connection");
            let _ = connection.read(&mut [0; 1024]).await;
            let _ = connection.write_all(response.as_bytes()).await;
        }
    }

    /// Waits until a task is in a state.
    async fn until(state: &State, wanted: TaskState) {
        let reached = async {
            while state
                .read(|cluster| cluster.tasks.views())
                .values()
                .all(|task| task.state != wanted)
            {
                state.changed().await;
            }
        };
        timeout(Duration::from_secs(60), reached).await.expect("in time");
    }

    #[tokio::test]
    async fn a_task_with_two_names_is_polled_once_until_it_is_gone() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let serving = tokio::spawn(serve(listener));
        let targets = [(); 2].map(|()| Arc::new(Endpoints::new(Peer::Any)));
        for endpoints in &targets {
            endpoints.update(&[address]);
            endpoints.answered(address);
        }
        let state = Arc::new(State::new(protocol::id::InstanceId::new(1), Arc::default()));
        let polling = tokio::spawn(run(Arc::clone(&state), targets.to_vec()));
        until(&state, TaskState::Running).await;
        assert_eq!(state.read(|cluster| cluster.tasks.views().len()), 1);

        targets.iter().for_each(|endpoints| drop(endpoints.update(&[])));
        until(&state, TaskState::Stopping).await;
        serving.abort();
        until(&state, TaskState::Gone).await;
        polling.abort();
    }

    #[test]
    fn tasks_are_polled_every_two_seconds_and_less_often_where_there_are_many() {
        for (tasks, millis) in [(1, 2000), (128, 2000), (130, 2031), (512, 8000)] {
            assert_eq!(interval(tasks).as_millis(), millis, "{tasks} tasks");
        }
    }
}
