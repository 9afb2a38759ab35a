//! The clients: several at each proxy, of every kind, that check each answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use protocol::snapshot::{FORMAT, Snapshot};
use reqwest::Client;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::cluster::Cluster;
use crate::response::{Failure, Format, read, with_causes};
use crate::tally::Tally;
use crate::task::Task;

/// How long a client waits for an answer.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a client waits for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a client waits after a request that failed: its proxy may be down.
const AFTER_FAILURE: Duration = Duration::from_millis(50);

/// A kind of client.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    /// What its answers are called in the table.
    pub(crate) name: &'static str,
    /// How many there are at each proxy.
    count: usize,
    keeps_connection: bool,
    /// How long it waits between two requests.
    interval: Duration,
    /// The pace of its rallies; none asks for the score.
    asks: Asks,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asks {
    /// A rally at full speed.
    FullSpeed,
    /// A rally with a pause after each stroke.
    Paced,
    /// The score.
    Score,
}

impl Kind {
    /// Returns whether its rallies are at full speed.
    pub(crate) fn is_full_speed(&self) -> bool {
        self.asks == Asks::FullSpeed
    }
}

const NO_PAUSE: Duration = Duration::ZERO;
const SOME: Duration = Duration::from_millis(40);

/// All kinds of clients.
pub(crate) const KINDS: [Kind; 5] = [
    Kind {
        name: "rallies, one connection",
        count: 6,
        keeps_connection: true,
        interval: NO_PAUSE,
        asks: Asks::FullSpeed,
    },
    Kind {
        name: "rallies, new connections",
        count: 2,
        keeps_connection: false,
        interval: NO_PAUSE,
        asks: Asks::FullSpeed,
    },
    Kind {
        name: "rallies, now and then",
        count: 3,
        keeps_connection: true,
        interval: SOME,
        asks: Asks::FullSpeed,
    },
    Kind {
        name: "rallies with ?pace=50ms",
        count: 3,
        keeps_connection: true,
        interval: NO_PAUSE,
        asks: Asks::Paced,
    },
    Kind {
        name: "scores",
        count: 1,
        keeps_connection: true,
        interval: Duration::from_millis(250),
        asks: Asks::Score,
    },
];

/// Running clients.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Load {
    /// Starts the clients.
    pub(crate) fn start(cluster: &Cluster, tally: &Arc<Tally>) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let mut clients = Vec::new();
        for proxy in cluster.of("proxy") {
            for kind in KINDS {
                for n in 0..kind.count {
                    clients.push(OneClient {
                        proxy: Arc::clone(&proxy),
                        kind,
                        format: Format::ALL[n % Format::ALL.len()],
                        stop: Arc::clone(&stop),
                        tally: Arc::clone(tally),
                    });
                }
            }
        }
        // A thread of its own, so that nothing in the test delays the clients.
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let clients: JoinSet<()> = clients.into_iter().map(OneClient::run).collect();
                clients.join_all().await;
            });
        });
        Self { stop, thread }
    }

    /// Ends the clients after their current requests.
    pub(crate) fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().expect("clients do not fail");
    }
}

/// Returns how many clients there are at each proxy.
pub(crate) fn clients_per_proxy() -> usize {
    KINDS.iter().map(|kind| kind.count).sum()
}

struct OneClient {
    proxy: Arc<Task>,
    kind: Kind,
    format: Format,
    stop: Arc<AtomicBool>,
    tally: Arc<Tally>,
}

impl OneClient {
    async fn run(self) {
        let client = Client::builder()
            .no_proxy()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(REQUEST_TIMEOUT)
            .pool_max_idle_per_host(usize::from(self.kind.keeps_connection))
            .build()
            .expect("a client");
        while !self.stop.load(Ordering::Relaxed) {
            let begun = Instant::now();
            let failed = match self.kind.asks {
                Asks::Score => self.ask_for_score(&client, begun).await,
                Asks::FullSpeed | Asks::Paced => self.ask_for_rally(&client, begun).await,
            };
            sleep(if failed { AFTER_FAILURE } else { self.kind.interval }).await;
        }
    }

    /// Asks for a rally; returns whether that failed.
    async fn ask_for_rally(&self, client: &Client, begun: Instant) -> bool {
        let path = self.format.path();
        let pace = match self.kind.asks {
            Asks::Paced if path.contains('?') => "&pace=50ms",
            Asks::Paced => "?pace=50ms",
            Asks::FullSpeed | Asks::Score => "",
        };
        let url = format!("http://{}{path}{pace}", self.proxy.address());
        let request = client.get(url).header("accept", self.format.media_type());
        let result = match request.send().await {
            Ok(response) => read(response, self.format, &self.proxy.node).await,
            Err(error) => Err(failure(&error)),
        };
        let failed = result.is_err();
        self.tally.rally(&self.proxy, self.kind, begun, result);
        failed
    }

    /// Asks for the score; returns whether that failed.
    async fn ask_for_score(&self, client: &Client, begun: Instant) -> bool {
        let url = format!("http://{}/score", self.proxy.address());
        let result = match client.get(url).send().await {
            Ok(response) => {
                let status = response.status();
                match response.text().await {
                    Ok(body) => match serde_json::from_str::<Snapshot>(&body) {
                        Ok(snapshot) if snapshot.format == FORMAT => Ok(()),
                        _ if status.as_u16() == 503 => Err(Failure::Refused(body)),
                        _ => Err(Failure::Invalid(format!("not a score: {status} {body:?}"))),
                    },
                    Err(error) => Err(failure(&error)),
                }
            }
            Err(error) => Err(failure(&error)),
        };
        let failed = result.is_err();
        self.tally.score(&self.proxy, self.kind, begun, result);
        failed
    }
}

fn failure(error: &reqwest::Error) -> Failure {
    if error.is_connect() {
        Failure::Closed(with_causes(error))
    } else {
        Failure::Lost(with_causes(error))
    }
}
