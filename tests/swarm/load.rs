//! Clients that ask every node for rallies without pause, and remember every answer.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::answer::{Format, Played, Trouble, read, why};
use crate::swarm::NODES;

/// How many clients there are: one for each format, at each node.
pub(crate) const CLIENTS: usize = NODES.len() * Format::ALL.len();

/// How often one client asks at most: next as soon as it has its answer, but with nine clients two
/// cores must also run three Docker engines, and what would be measured is the machine.
pub(crate) const STEADY: Duration = Duration::from_millis(40);

/// How long a client waits for an answer: no fault takes a rally longer than two first strokes.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long a client waits for a connection.
const CONNECT: Duration = Duration::from_secs(1);

/// What became of one request.
#[derive(Debug)]
pub(crate) struct Record {
    pub(crate) node: &'static str,
    pub(crate) asked: SystemTime,
    pub(crate) took: Duration,
    pub(crate) came: Result<Played, Trouble>,
}

impl Record {
    pub(crate) fn ended(&self) -> SystemTime {
        self.asked + self.took
    }
}

/// Running clients.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    records: Arc<Mutex<Vec<Record>>>,
    thread: Option<JoinHandle<()>>,
}

impl Load {
    /// Starts three clients a node, one for each format; every other one keeps its connection.
    pub(crate) fn start(pause: Duration) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let records = Arc::new(Mutex::new(Vec::new()));
        let (stopped, kept) = (Arc::clone(&stop), Arc::clone(&records));
        // A thread of its own, so that nothing the test does holds the clients up.
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let mut clients = tokio::task::JoinSet::new();
                for (n, node) in NODES.into_iter().enumerate() {
                    for (m, format) in Format::ALL.into_iter().enumerate() {
                        let keep_alive = (n + m) % 2 == 0;
                        let client = Client { n, node, format, keep_alive };
                        clients.spawn(client.ask(pause, Arc::clone(&stopped), Arc::clone(&kept)));
                    }
                }
                while clients.join_next().await.is_some() {}
            });
        });
        Self { stop, records, thread: Some(thread) }
    }

    /// The records so far.
    pub(crate) fn records(&self) -> MutexGuard<'_, Vec<Record>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the clients after the answers they wait for, and returns all records.
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
    async fn ask(self, pause: Duration, stop: Arc<AtomicBool>, records: Arc<Mutex<Vec<Record>>>) {
        let client = reqwest::Client::builder()
            .no_proxy()
            .connect_timeout(CONNECT)
            .timeout(PATIENCE)
            .pool_max_idle_per_host(usize::from(self.keep_alive))
            .build()
            .expect("a client");
        let url = format!("http://10.99.0.{}:3000{}", self.n + 1, self.format.path());
        let mut beat = interval(pause);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !stop.load(Ordering::Relaxed) {
            beat.tick().await;
            let (asked, begun) = (SystemTime::now(), Instant::now());
            let request = client.get(&url).header("accept", self.format.media_type());
            let came = match request.send().await {
                Ok(answer) => read(answer, self.format, self.node).await,
                Err(error) if error.is_connect() => Err(Trouble::Closed(why(&error))),
                Err(error) => Err(Trouble::Lost(why(&error))),
            };
            let record = Record { node: self.node, asked, took: begun.elapsed(), came };
            records.lock().unwrap_or_else(PoisonError::into_inner).push(record);
        }
    }
}
