//! Clients that request rallies from a node each, and from the other one if that does not answer.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::{Mutex, MutexGuard};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::cluster::{NODES, url};
use crate::response::{Failure, Format, ReceivedRally, read, with_causes};

/// The interval between a client's requests.
const PACE: Duration = Duration::from_millis(50);

/// How long a client waits for a response.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a client waits for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The record of one request to one node.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) node: &'static str,
    /// Whether the client asked here because its own node had not answered.
    pub(crate) second: bool,
    pub(crate) requested: SystemTime,
    pub(crate) took: Duration,
    pub(crate) result: Result<ReceivedRally, Failure>,
}

impl Record {
    /// Returns whether another node may be asked: no rally was begun.
    pub(crate) fn is_closed(&self) -> bool {
        matches!(self.result, Err(Failure::Closed(_) | Failure::Refused(_)))
    }
}

/// Running clients: one for each node and format.
pub(crate) struct Load {
    stop: CancellationToken,
    records: Arc<Mutex<Vec<Record>>>,
    clients: JoinSet<()>,
}

impl Load {
    pub(crate) fn start() -> Self {
        let stop = CancellationToken::new();
        let records = Arc::new(Mutex::new(Vec::new()));
        let mut clients = JoinSet::new();
        for node in NODES {
            for format in Format::ALL {
                clients.spawn(play(node, format, stop.clone(), Arc::clone(&records)));
            }
        }
        Self { stop, records, clients }
    }

    /// Returns the records so far.
    pub(crate) fn records(&self) -> MutexGuard<'_, Vec<Record>> {
        self.records.lock()
    }

    /// Returns the players of a side that played since then.
    pub(crate) fn players(&self, side: &str, since: SystemTime) -> BTreeSet<String> {
        let records = self.records();
        let recent = records.iter().filter(|record| record.requested >= since);
        let rallies = recent.filter_map(|record| record.result.as_ref().ok());
        let strokes = rallies.flat_map(|rally| &rally.strokes);
        strokes.filter(|stroke| stroke.side.name() == side).map(|of| of.player.clone()).collect()
    }

    /// Ends the clients after their current requests, and returns all records.
    pub(crate) async fn stop(mut self) -> Vec<Record> {
        self.stop.cancel();
        while let Some(ended) = self.clients.join_next().await {
            ended.expect("clients do not fail");
        }
        std::mem::take(&mut self.records())
    }
}

async fn play(
    own: &'static str,
    format: Format,
    stop: CancellationToken,
    records: Arc<Mutex<Vec<Record>>>,
) {
    let client = reqwest::Client::builder()
        .no_proxy()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(REQUEST_TIMEOUT)
        .build()
        .expect("a client");
    let mut interval = interval(PACE);
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while !stop.is_cancelled() {
        interval.tick().await;
        let others = NODES.into_iter().filter(|node| *node != own);
        for node in std::iter::once(own).chain(others) {
            let requested = SystemTime::now();
            let request = client.get(url(node) + format.path());
            let result = match request.header("accept", format.media_type()).send().await {
                Ok(response) => read(response, format, node).await,
                Err(error) if error.is_connect() => Err(Failure::Closed(with_causes(&error))),
                Err(error) => Err(Failure::Lost(with_causes(&error))),
            };
            let took = requested.elapsed().unwrap_or_default();
            let record = Record { node, second: node != own, requested, took, result };
            let answered = record.result.is_ok();
            records.lock().push(record);
            if answered {
                break;
            }
        }
    }
}
