//! How often each side wins follows from the chance of a HIT.

use std::collections::HashMap;

use crate::support::http::Connection;
use crate::support::services::Cluster;

/// Returns the probabilities that pong wins, that ping wins, and of a draw.
///
/// Ping plays strokes 1, 3, 5, … and pong 2, 4, 6, …, each a HIT with probability h. The first MISS
/// is stroke k with probability hᵏ⁻¹(1 − h). Pong wins when k is odd:
///
/// P(pong) = (1 − h)(1 + h² + h⁴ + … + h²⁽ᴿ⁻¹⁾) = (1 − h)(1 − h²ᴿ)/(1 − h²) = (1 − h²ᴿ)/(1 + h)
///
/// for R rounds; ping wins when k is even, which takes one HIT more: P(ping) = h P(pong). A draw is
/// 2R strokes without a MISS: P(draw) = h²ᴿ. The three add up to one. At 85 % and 99 rounds pong,
/// who returns, wins 54.1 % of all rallies.
fn probabilities(h: f64, rounds: i32) -> [(&'static str, f64); 3] {
    let draw = h.powi(2 * rounds);
    let pong = (1.0 - draw) / (1.0 + h);
    [("The winner is PONG", pong), ("The winner is PING", h * pong), ("DRAW", draw)]
}

/// Returns how unlikely such a share of `n` independent rallies is at most, as −ln of it: Chernoff's
/// bound, n times the relative entropy of the share and the probability.
fn surprise(n: f64, count: f64, probability: f64) -> f64 {
    let term = |a: f64, b: f64| if a == 0.0 { 0.0 } else { a * (a / b).ln() };
    let share = count / n;
    n * (term(share, probability) + term(1.0 - share, 1.0 - probability))
}

/// Plays rallies on eight connections at once and returns how often each last line came.
async fn play(cluster: &Cluster, rallies: usize) -> HashMap<String, u32> {
    let proxy = cluster.proxy();
    let clients = (0..8).map(|_| {
        tokio::spawn(async move {
            let mut client = Connection::open(proxy).await.expect("connected");
            let mut ends = Vec::new();
            for _ in 0..rallies / 8 {
                client.send("GET / HTTP/1.1\r\nHost: test\r\n\r\n").await.expect("sent");
                let rally = client.response().await.expect("a complete rally").body;
                ends.push(rally.lines().last().expect("an end").to_owned());
            }
            ends
        })
    });
    let mut ends = HashMap::new();
    for client in clients.collect::<Vec<_>>() {
        for end in client.await.expect("a client") {
            *ends.entry(end).or_default() += 1;
        }
    }
    ends
}

async fn assert_split(percent: &str, rounds: &str, rallies: usize) {
    let options = ["--hit-chance", percent, "--rounds", rounds, "--nodes", "1"];
    let cluster = Cluster::start(&options);
    let ends = play(&cluster, rallies).await;
    let h = percent.parse::<f64>().expect("a number") / 100.0;
    let n = rallies as f64;
    let mut counted = 0;
    for (end, probability) in probabilities(h, rounds.parse().expect("a number")) {
        let count = ends.get(end).copied().unwrap_or_default();
        counted += count;
        // Three ends, each too many or too few, in three tests: 18 e^-17 is below one in a million.
        let surprise = surprise(n, f64::from(count), probability);
        assert!(surprise < 17.0, "{end}: {count} of {n}, expected {:.0}", n * probability);
    }
    assert_eq!(counted as usize, rallies, "{ends:?}");
}

#[tokio::test]
async fn at_85_percent_pong_wins_54_of_100_rallies() {
    let [(_, pong), (_, ping), (_, draw)] = probabilities(0.85, 99);
    assert!((pong - 0.5405).abs() < 1e-4 && (pong + ping + draw - 1.0).abs() < 1e-12);
    // So many that an even split would be surprising.
    assert!(surprise(6_000.0, 3_000.0, pong) > 17.0);
    assert_split("85", "99", 6_000).await;
}

#[tokio::test]
async fn at_50_percent_pong_wins_2_of_3_rallies() {
    assert_split("50", "99", 3_000).await;
}

#[tokio::test]
async fn at_90_percent_and_3_rounds_every_other_rally_is_a_draw() {
    assert_split("90", "3", 1_000).await;
}
