//! Clients that request rallies from every node without pause and record every response.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use parking_lot::{Mutex, MutexGuard};
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::response::{Failure, Format, ReceivedRally, read, with_causes};
use crate::swarm::NODES;

/// The number of clients: one per format and node.
pub(crate) const CLIENTS: usize = NODES.len() * Format::ALL.len();

/// The interval between a client's requests. Without one, nine clients would leave two cores too
/// little for three Docker engines, and the test would measure the machine.
pub(crate) const STEADY: Duration = Duration::from_millis(40);

/// How long a client waits for a response: no fault delays a rally by more than two first strokes.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a client waits for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The record of one request.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) node: &'static str,
    pub(crate) requested: SystemTime,
    pub(crate) took: Duration,
    pub(crate) result: Result<ReceivedRally, Failure>,
}

impl Record {
    pub(crate) fn ended(&self) -> SystemTime {
        self.requested + self.took
    }
}

/// Running clients.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    records: Arc<Mutex<Vec<Record>>>,
    thread: Option<JoinHandle<()>>,
}

impl Load {
    /// Starts three clients per node, one for each format; every other one reuses its connection.
    pub(crate) fn start(pause: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let records = Arc::new(Mutex::new(Vec::new()));
        let stopped = Arc::clone(&stop);
        let all_records = Arc::clone(&records);
        // A thread of its own, so that nothing in the test delays the clients.
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let mut clients = tokio::task::JoinSet::new();
                for (n, node) in NODES.into_iter().enumerate() {
                    for (m, format) in Format::ALL.into_iter().enumerate() {
                        let keep_alive = (n + m) % 2 == 0;
                        let client = Client { n, node, format, keep_alive };
                        let records = Arc::clone(&all_records);
                        clients.spawn(client.run(pause, Arc::clone(&stopped), records));
                    }
                }
                while clients.join_next().await.is_some() {}
            });
        });
        Self { stop, records, thread: Some(thread) }
    }

    /// Returns the records so far.
    pub(crate) fn records(&self) -> MutexGuard<'_, Vec<Record>> {
        self.records.lock()
    }

    /// Ends the clients after their current requests, and returns all records.
    pub(crate) fn stop(mut self) -> Vec<Record> {
        self.end();
        std::mem::take(&mut self.records())
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("clients do not fail");
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.end();
    }
}

struct Client {
    n: usize,
    node: &'static str,
    format: Format,
    keep_alive: bool,
}

impl Client {
    async fn run(self, pause: Duration, stop: Arc<AtomicBool>, records: Arc<Mutex<Vec<Record>>>) {
        let client = reqwest::Client::builder()
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .pool_max_idle_per_host(usize::from(self.keep_alive))
            .build()
            .expect("a client");
        let url = format!("http://10.99.0.{}:3000{}", self.n + 1, self.format.path());
        let mut interval = interval(pause);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !stop.load(Ordering::Relaxed) {
            interval.tick().await;
            let requested = SystemTime::now();
            let started = Instant::now();
            let request = client.get(&url).header("accept", self.format.media_type());
            let result = match request.send().await {
                Ok(response) => read(response, self.format, self.node).await,
                Err(error) if error.is_connect() => Err(Failure::Closed(with_causes(&error))),
                Err(error) => Err(Failure::Lost(with_causes(&error))),
            };
            let took = started.elapsed();
            records.lock().push(Record { node: self.node, requested, took, result });
        }
    }
}
