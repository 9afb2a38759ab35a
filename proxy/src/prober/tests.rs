//! What probing costs each of 200 nodes, simulated with the real targets, intervals and messages.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use protocol::probe::ProbeFailure;
use protocol::task::Task;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use server::identity::Identity;

use super::*;
use crate::path_health::{ProbeOutcome, ProbeSize};
use crate::probe::{ProbeResult, request};

const NODES: usize = 200;
const SECONDS: u64 = 10;

/// The headers of the packets of a probe for Ethernet, IP and TCP: three packets to connect, the
/// request and the answer, their acknowledgements, and three to close.
const PACKETS: usize = 10 * 66;

/// The HTTP headers of an answer.
const HEAD: usize = 160;

/// The body of a large probe in a network with Docker's usual MTU.
const LARGE: usize = 1500;

fn table(n: usize) -> PathTable {
    let task: Task = format!("proxy.rpi-{n:03}@raspberrypi-{n:03}").parse().expect("a task");
    let identity = Identity::new(Service::Proxy, task.clone());
    let mut metrics = server::metrics::Metrics::new(&identity);
    let instance = InstanceId::new(u32::try_from(n).expect("a small number"));
    PathTable::new(task, instance, address(n), Metrics::register(&mut metrics, &identity, || 0))
}

fn address(n: usize) -> SocketAddr {
    ([10, 0, 9, u8::try_from(n).expect("below 256")], 3001).into()
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
        tables[from].record(all[to], health, ProbeResult { outcome, report, from: None });
        let took = Duration::from_secs(u64::from(to < down));
        let pause = health.pause().mul_f64(random.random_range(0.8..1.2));
        due.push(Reverse((when + took + pause, n)));
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
