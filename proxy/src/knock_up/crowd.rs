//! What the knock-up costs each of 200 nodes, played through in a second.

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::SocketAddr;
use std::time::Duration;

use court::knock::Cause;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::time::advance;

use super::knock::request;
use super::pair::{Outcome, Size};
use super::table::Table;

const NODES: usize = 200;

/// How long is played through.
const TIME: Duration = Duration::from_secs(10);

/// The packets of a knock, each with the headers of Ethernet, IP and TCP: three to connect, the
/// request and the answer, their acknowledgements, and three to close.
const PACKETS: usize = 10 * 66;

/// The headers of an answer.
const HEAD: usize = 160;

/// The body of a large knock in a network with Docker's usual MTU.
const LARGE: usize = 1500;

/// What one node sent and received.
#[derive(Clone, Copy, Default)]
struct Traffic {
    knocks: usize,
    bytes: usize,
}

fn address(n: usize) -> SocketAddr {
    ([10, 0, 9, n as u8], 3001).into()
}

/// Plays the knock-up of all nodes, of which the first so many do not answer.
async fn play(dead: usize) -> Vec<Traffic> {
    let mut luck = StdRng::seed_from_u64(7);
    let all: Vec<SocketAddr> = (0..NODES).map(address).collect();
    let mut traffic = vec![Traffic::default(); NODES];
    let mut tables = Vec::new();
    let mut due = BinaryHeap::new();
    for n in 0..NODES {
        let me = format!("proxy.raspberrypi-{n:03}@raspberrypi-{n:03}").parse().expect("a task");
        let mut table = Table::new(me, address(n));
        let chosen = RefCell::new(Vec::new());
        table.listed(&all, |to| {
            chosen.borrow_mut().push(to);
            None
        });
        for to in chosen.into_inner() {
            due.push(Reverse((Duration::from_secs(1).mul_f64(luck.random()), n, to)));
        }
        tables.push(table);
    }
    let mut now = Duration::ZERO;
    while let Some(Reverse((when, from, at))) = due.pop().filter(|Reverse((when, ..))| *when < TIME)
    {
        advance(when - now).await;
        now = when;
        let to = all.iter().position(|address| *address == at).expect("a node");
        let size = tables[from].next(at).expect("a partner");
        let body = if size == Size::Large { LARGE } else { 0 };
        let mut bytes = PACKETS + request(at, body).len();
        let (row, outcome) = if to < dead {
            (None, Outcome::Unanswered(Cause::Timeout))
        } else {
            bytes += HEAD + tables[to].small_row().len();
            (Some(tables[to].row()), Outcome::Answered(Duration::from_micros(300)))
        };
        for node in [from, to] {
            traffic[node].knocks += 1;
            traffic[node].bytes += bytes;
        }
        let (_, pause, _) = tables[from].record(at, size, outcome, row, None);
        let took = if to < dead { Duration::from_secs(1) } else { Duration::ZERO };
        due.push(Reverse((when + took + pause.mul_f64(luck.random_range(0.8..1.2)), from, at)));
    }
    traffic
}

/// The most knocks and bytes a second that any node had, and the average node.
fn told(traffic: &[Traffic]) -> [usize; 4] {
    let second = |count: usize| count / TIME.as_secs() as usize;
    let most = |of: fn(&Traffic) -> usize| second(traffic.iter().map(of).max().unwrap_or_default());
    let mean = |of: fn(&Traffic) -> usize| second(traffic.iter().map(of).sum::<usize>() / NODES);
    let told = [most(|t| t.knocks), most(|t| t.bytes), mean(|t| t.knocks), mean(|t| t.bytes)];
    #[expect(clippy::print_stdout, reason = "the figures in docs/paths.md, with --nocapture")]
    {
        println!(
            "most {} knocks, {} B; mean {} knocks, {} B a second",
            told[0], told[1], told[2], told[3]
        );
    }
    told
}

#[tokio::test(start_paused = true)]
async fn of_200_nodes_none_has_more_than_30_knocks_and_64_kb_a_second() {
    let [most_knocks, most_bytes, mean_knocks, mean_bytes] = told(&play(0).await);
    assert!(most_knocks <= 30 && most_bytes <= 64_000, "{most_knocks} {most_bytes}");
    assert!(mean_knocks <= 20 && mean_bytes <= 40_000, "{mean_knocks} {mean_bytes}");
}

#[tokio::test(start_paused = true)]
async fn it_costs_no_more_when_half_of_them_have_fallen_silent() {
    let [most_knocks, most_bytes, ..] = told(&play(NODES / 2).await);
    assert!(most_knocks <= 30 && most_bytes <= 64_000, "{most_knocks} {most_bytes}");
}
