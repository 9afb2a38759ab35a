//! What probing costs each of 200 nodes, simulated with the real targets, intervals and messages.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use protocol::probe::{PathLoss, ProbeFailure};
use protocol::task::Task;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use server::identity::Identity;

use super::*;
use crate::loss::{
    DATAGRAM_INTERVAL, DATAGRAMS_PER_ANSWER, DATAGRAMS_PER_LARGE, News, datagram::LENGTH,
};
use crate::path_health::{ProbeOutcome, ProbeSize};
use crate::probe::{ProbeResult, request};

const NODES: usize = 200;
const SECONDS: u64 = 10;

/// The headers of the packets of a probe for Ethernet, IP and TCP: three packets to connect, the
/// request and the answer, their acknowledgements, and three to close.
const PACKETS: usize = 10 * 66;

/// The headers of a datagram for Ethernet, IP and UDP.
const DATAGRAM_HEADERS: usize = 42;

/// The HTTP headers of an answer.
const HEAD: usize = 160;

/// The body of a large probe in a network with Docker's usual MTU.
const LARGE: usize = 1500;

fn table(n: usize) -> PathTable {
    let task: Task = format!("proxy.rpi-{n:03}@raspberrypi-{n:03}").parse().expect("a task");
    let identity = Identity::new(Service::Proxy, task.clone());
    let mut metrics = server::metrics::Metrics::new(&identity);
    let instance = InstanceId::new(u32::try_from(n).expect("a small number"));
    let metrics = Metrics::register(&mut metrics, &identity, || 0);
    PathTable::new(task, instance, address(n), Some(u64::MAX), metrics)
}

fn address(n: usize) -> SocketAddr {
    ([10, 0, 9, u8::try_from(n).expect("below 256")], 3001).into()
}

/// What the datagrams of most paths are reported to be.
const LOSS: PathLoss = PathLoss { hundredths: 0, jitter: 250, is_lossy: false };

/// The bytes of the datagrams of a path, and of the answers.
fn datagram_bytes(is_answered: bool) -> usize {
    let sent = (Duration::from_secs(SECONDS).as_millis() / DATAGRAM_INTERVAL.as_millis()) as usize;
    let large = sent / DATAGRAMS_PER_LARGE as usize;
    let answered = if is_answered { sent / DATAGRAMS_PER_ANSWER as usize } else { 0 };
    (sent - large + answered) * (DATAGRAM_HEADERS + LENGTH) + large * LARGE
}

/// Simulates all nodes, the first `down` of which do not answer; returns the probes and the bytes
/// that each node sends and receives in a second.
fn simulate(down: usize) -> Vec<[usize; 2]> {
    let mut random = StdRng::seed_from_u64(7);
    let all: Vec<SocketAddr> = (0..NODES).map(address).collect();
    let mut tables: Vec<PathTable> = (0..NODES).map(table).collect();
    let mut traffic = vec![[0, 0]; NODES];
    let mut paths = Vec::new();
    let mut due = BinaryHeap::new();
    for (from, table) in tables.iter_mut().enumerate() {
        for target in table.select(&all) {
            due.push(Reverse((FIRST_PROBE_WITHIN.mul_f64(random.random()), paths.len())));
            let to = all.iter().position(|address| *address == target).expect("a node");
            paths.push((from, to, PathHealth::new(random.random(), None)));
        }
    }
    while let Some(Reverse((when, n))) =
        due.pop().filter(|Reverse((when, _))| *when < Duration::from_secs(SECONDS))
    {
        let (from, to, health) = &mut paths[n];
        let (from, to, size) = (*from, *to, health.next_size());
        let body = if size == ProbeSize::Large { LARGE } else { 0 };
        let mut bytes = PACKETS + request(all[to], "/probe", body).len();
        let (outcome, report) = if to < down {
            (ProbeOutcome::NotAnswered(ProbeFailure::Timeout), None)
        } else {
            bytes += HEAD + tables[to].compact_report().len();
            (ProbeOutcome::Answered(Duration::from_micros(300)), Some(tables[to].report()))
        };
        for node in [from, to] {
            traffic[node][0] += 1;
            traffic[node][1] += bytes;
        }
        health.record(size, outcome);
        health.record_loss(Some(LOSS), News { large_arrived: to >= down, ..News::default() });
        let result = ProbeResult { outcome, report, from: None, large_datagram: LARGE };
        tables[from].record(all[to], health, result);
        let took = Duration::from_secs(u64::from(to < down));
        let pause = health.pause().mul_f64(random.random_range(0.8..1.2));
        due.push(Reverse((when + took + pause, n)));
    }
    for (from, to, _) in paths {
        for node in [from, to] {
            traffic[node][1] += datagram_bytes(to >= down);
        }
    }
    traffic.into_iter().map(|node| node.map(|count| count / SECONDS as usize)).collect()
}

/// Checks the maximum of all nodes, and returns the mean.
fn check(traffic: &[[usize; 2]]) -> [usize; 2] {
    let max = [0, 1].map(|n| traffic.iter().map(|node| node[n]).max().unwrap_or_default());
    let mean = [0, 1].map(|n| traffic.iter().map(|node| node[n]).sum::<usize>() / NODES);
    #[expect(clippy::print_stdout, reason = "the figures in docs/paths.md, with --nocapture")]
    {
        println!("a node's probes and bytes per second: mean {mean:?}, max {max:?}");
    }
    assert!(max[0] <= 30 && max[1] <= 64_000, "{max:?}");
    mean
}

#[test]
fn probing_200_nodes_stays_under_30_probes_and_64_kb_per_second() {
    let mean = check(&simulate(0));
    assert!(mean[0] <= 20 && mean[1] <= 40_000, "{mean:?}");
}

#[test]
fn probing_costs_no_more_with_half_the_nodes_down() {
    check(&simulate(NODES / 2));
}
