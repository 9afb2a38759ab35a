//! What an open page costs in a cluster of 40 nodes, and that it knows what the scoreboard knows.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use protocol::id::InstanceId;
use protocol::patch::{Object, apply};
use protocol::probe::{AgedReport, PathLoss, PathMeasurement, ProbeReport, ProbeReports};
use protocol::service::Service;
use protocol::snapshot::Update;
use server::samples::RecentSamples;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use super::load::{busy_manager, page};
use crate::paths::cluster::until;
use crate::paths::fake_proxy::{FakeProxy, ok};
use crate::support::http::{Connection, get};
use crate::support::peer::{sign, whoami};
use crate::support::ports::list;
use crate::support::process::Process;
use crate::support::wait::until_true;

const NODES: usize = 40;

/// How many others a proxy probes.
const PROBED: usize = 16;

/// How long bytes are counted.
const COUNTED: Duration = Duration::from_secs(10);

/// Round trips as 40 proxies measure them: each path has one more every 2 s.
#[derive(Default)]
struct Network {
    paths: BTreeMap<(usize, usize), RecentSamples>,
    state: u64,
}

impl Network {
    /// Makes a network that has been probed for four minutes.
    fn new() -> Self {
        let mut network = Self::default();
        (0..120).for_each(|_| network.probe(0..NODES));
        network
    }

    /// Has the proxies of these nodes probe once.
    fn probe(&mut self, nodes: impl Iterator<Item = usize>) {
        for from in nodes {
            for nth in 1..=PROBED {
                let to = (from + nth * 2) % NODES;
                let micros = self.round_trip();
                self.paths.entry((from, to)).or_default().add(micros);
            }
        }
    }

    /// Returns a round trip in microseconds: 0.2 ms to 0.6 ms, and one in fifty up to 8 ms.
    fn round_trip(&mut self) -> u32 {
        // Knuth's generator (MMIX), whose upper bits are the better ones.
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let random = (self.state >> 40) as u32;
        200 + random % 200
            + (random >> 8) % 200
            + if random.is_multiple_of(50) { random % 8000 } else { 0 }
    }

    fn reports(&self) -> ProbeReports {
        let mut reports = BTreeMap::<usize, Vec<PathMeasurement>>::new();
        for ((from, to), times) in &self.paths {
            let to = format!("raspberrypi-{to}").parse().expect("a node");
            let [median, p99] = times.median_and_p99();
            let jitter = median.unwrap_or_default() / 4;
            let loss = Some(PathLoss { hundredths: 0, jitter, is_lossy: false });
            let path = PathMeasurement { to, cause: None, median, p99, sent: 32, lost: 0, loss };
            reports.entry(*from).or_default().push(path);
        }
        let report = |(from, paths)| {
            let proxy = format!("proxy.{from}@raspberrypi-{from}").parse().expect("a task");
            let instance = Some(InstanceId::new(from as u32));
            let left = Vec::new();
            let report =
                ProbeReport { proxy, instance, admin: None, udp: None, paths, left, ports: None };
            AgedReport { age_ms: 0, report }
        };
        ProbeReports { reports: reports.into_iter().map(report).collect() }
    }
}

/// Starts a task that is a proxy by its `/whoami` and has the reports of all; each time it is asked,
/// which is once a second, one half of the nodes has probed once more.
async fn all_proxies() -> (SocketAddr, AbortOnDropHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let whoami = whoami(Service::Proxy, "proxy.0@raspberrypi-0");
    let serving = tokio::spawn(async move {
        let mut network = Network::new();
        let mut asked = 0;
        while let Ok((mut connection, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let length = connection.read(&mut request).await.unwrap_or_default();
            let request = String::from_utf8_lossy(&request[..length]);
            let body = if request.starts_with("GET /probes") {
                asked += 1;
                network.probe((0..NODES).filter(|node| node % 2 == asked % 2));
                serde_json::to_string(&network.reports()).expect("plain")
            } else {
                whoami.clone()
            };
            let answer = sign(&request, ok(&body).as_bytes());
            let _ = connection.write_all(&answer).await;
        }
    });
    (address, AbortOnDropHandle::new(serving))
}

/// What a page knows: the snapshot it began with, changed by every update.
struct Page {
    connection: Connection,
    received: String,
    known: Object,
}

impl Page {
    /// Subscribes to a scoreboard's events.
    async fn open(scoreboard: SocketAddr) -> Self {
        let connection = page(scoreboard).await;
        let mut page = Self { connection, received: String::new(), known: Object::new() };
        let (kind, data) = page.event().await;
        assert_eq!(kind, "snapshot");
        page.known = serde_json::from_str(&data).expect("an object");
        page
    }

    /// Returns the kind and the data of the next event.
    async fn event(&mut self) -> (String, String) {
        loop {
            if let Some((event, rest)) = self.received.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.received = rest;
                if event == ":" {
                    // A sign of life.
                    continue;
                }
                let event = event.strip_prefix("event: ").expect("an event");
                let (kind, data) = event.split_once("\ndata: ").expect("data");
                return (kind.to_owned(), data.to_owned());
            }
            self.received += &self.connection.piece().await.expect("no cut").expect("no end");
        }
    }

    /// Applies the next update; returns its size in bytes.
    async fn update(&mut self) -> usize {
        let (kind, data) = self.event().await;
        assert_eq!(kind, "update");
        let update: Update = serde_json::from_str(&data).expect("an update");
        apply(&mut self.known, update.patch);
        "event: update\ndata: \n\n".len() + data.len()
    }

    /// Applies updates for a while; returns how many bytes they have per second.
    async fn bytes_per_second(&mut self) -> f64 {
        let started = Instant::now();
        let mut bytes = 0;
        while started.elapsed() < COUNTED {
            bytes += self.update().await;
        }
        bytes as f64 / started.elapsed().as_secs_f64()
    }
}

/// Starts a task on each node that proxies report, and on those of the busy manager and its players.
async fn all_lights() -> Vec<FakeProxy> {
    let reported = (0..NODES).map(|n| format!("light.{n}@raspberrypi-{n}"));
    let playing = (1..=6).map(|n| format!("light.{n}@pi{n}"));
    let mut lights = Vec::new();
    for task in reported.chain(playing) {
        let whoami = ok(&whoami(Service::Light, &task));
        lights.push(FakeProxy::serving(&[("", &whoami)]).await);
    }
    lights
}

#[tokio::test]
async fn a_page_of_40_nodes_costs_4_kb_a_second_at_rest_and_20_under_load_and_knows_everything() {
    let (proxies, _serving) = all_proxies().await;
    let lights = all_lights().await;
    let tasks = list(lights.iter().map(|light| light.address).chain([proxies]));
    let nobody = SocketAddr::from(([127, 0, 0, 1], 1));
    for (manager, at_most) in [(nobody, 4096.0), (busy_manager().await, 20_480.0)] {
        let [manager, scoreboards] = [manager, nobody].map(|at| at.to_string());
        let peers = ["--managers", &manager, "--tasks", &tasks, "--scoreboards", &scoreboards];
        let scoreboard = Process::start(&[&["scoreboard"][..], &peers].concat());
        let at = scoreboard.listen;
        until(at, "measured", |list| list.measured == NODES * PROBED).await;
        let mut page = Page::open(at).await;
        let per_second = page.bytes_per_second().await;
        println!("{per_second:.0} bytes a second of at most {at_most}");
        assert!(per_second <= at_most, "{per_second} bytes a second");
        page.known.remove("rallies");
        until_true("a page knows what the scoreboard does", async || {
            page.update().await;
            page.known == get(at, "/score", &[]).await.parse::<Object>()
        })
        .await;
    }
}
